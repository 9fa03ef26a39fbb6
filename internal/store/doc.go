// Package store is every SQL statement of Postrider, for SQLite and
// PostgreSQL, and the migrations of both.
//
// One Go type and one portable SQL text serve both engines; what differs is
// one small dialect value. The interfaces it implements are declared by the
// packages that use them. Only package daemon and tests import it.
//
// Times are stored as BIGINT milliseconds since 1970 UTC, payloads as bytes.
// Text is made valid UTF-8 without NUL before it is bound, so that what one
// caller sends cannot fail a batch of others on PostgreSQL.
package store
