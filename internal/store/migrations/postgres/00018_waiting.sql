-- +goose Up
-- Somebody's windows that wait for their hours are looked at again when these
-- change.
CREATE INDEX windows_waiting ON windows (app, uid) WHERE waits_for = 'WAITING_FOR_SCHEDULE';
