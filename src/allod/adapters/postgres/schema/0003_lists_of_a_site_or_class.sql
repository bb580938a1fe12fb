-- Lists of one site or one class walk by no other's past. Work that waits has no site, so these
-- indexes leave out what names none.
CREATE INDEX workload_by_site ON workload (site, ordinal) WHERE site <> '';
CREATE INDEX workload_by_class ON workload (class, ordinal) WHERE class <> '';
