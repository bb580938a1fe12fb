-- A run's accelerators get a lower power limit for a time, and their usual one back.
ALTER TABLE act DROP CONSTRAINT act_verb_check;
ALTER TABLE act ADD CONSTRAINT act_verb_check
    CHECK (verb IN ('start', 'notify', 'stop', 'cap', 'uncap'));
