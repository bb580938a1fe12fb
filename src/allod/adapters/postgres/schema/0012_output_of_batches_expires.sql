-- How long the files of a batch's answers are kept from when they are made; null: until somebody
-- deletes them. [s]
ALTER TABLE gateway_batch ADD COLUMN output_kept_s bigint;
