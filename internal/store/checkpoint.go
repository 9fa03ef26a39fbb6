package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// Pages that are written again and again are copied once in this time.
	checkpointEvery = 300 * time.Millisecond
	// So many frames (pages, 4 KiB each) of the write-ahead log make it begin
	// again: it is written in place, and little has to be copied at one time.
	// Its index has one table for each 4,096 frames, in which every page that is
	// read is looked for.
	restartFrames = 4000
)

// startCheckpoints copies the write-ahead log into the database file beside
// the writer. SQLite would do it inside a COMMIT, and somebody's request would
// wait for it.
func (s *Store) startCheckpoints(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.upkeep.Go(func() {
		ticker := time.NewTicker(checkpointEvery)
		defer ticker.Stop()
		seen := int64(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			written := s.written.Load()
			if written == seen {
				continue
			}
			seen = written
			// Not cancelled half-way: it is short, and the end of ctx is that
			// of the store.
			if err := s.checkpoint(context.WithoutCancel(ctx)); err != nil {
				s.logger.Warn("checkpoint the database", "error", err)
			}
		}
	})
}

func (s *Store) checkpoint(ctx context.Context) error {
	// On a connection of the readers' pool: it does not stop the writer.
	var busy, frames, copied int
	err := s.read.QueryRowContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &frames, &copied)
	if err != nil || frames < restartFrames {
		return err
	}
	return s.restartLog(ctx)
}

// restartLog makes the write-ahead log begin again. Little is left to be
// copied, and on the writer's own connection nobody has to wait for a lock.
// While somebody still reads from the log it is left for the next time.
func (s *Store) restartLog(ctx context.Context) (err error) {
	writer, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, writer.Close()) }()
	if _, err := writer.ExecContext(ctx, `PRAGMA busy_timeout(0)`); err != nil {
		return err
	}
	var busy, frames, copied int
	err = writer.QueryRowContext(ctx, `PRAGMA wal_checkpoint(RESTART)`).Scan(&busy, &frames, &copied)
	_, reset := writer.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout(%d)`, busyTimeout.Milliseconds()))
	return errors.Join(err, reset)
}
