-- An append is the same for any leaves: it is planned once for a session, not each time.
ALTER FUNCTION append_leaves(bigint, bigint[], text[], bytea[])
    SET plan_cache_mode = force_generic_plan;
