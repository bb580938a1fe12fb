-- A run is told of its reclaim when that is decided, not only when its notice is over.
ALTER TABLE act DROP CONSTRAINT act_verb_check;
ALTER TABLE act ADD CONSTRAINT act_verb_check CHECK (verb IN ('start', 'notify', 'stop'));
