-- What was cosigned for others lies beside the key now, where an older database cannot undo it.
DROP TABLE witnessed;
