package store

import (
	"context"
	"os"
	"time"
)

const (
	checkpointEvery = time.Second
	// Below this size the write-ahead log is left alone; above the second one
	// writers are held up for a moment so that it starts again from its
	// beginning instead of growing.
	checkpointAbove = 4 << 20
	restartAbove    = 64 << 20
)

// startCheckpoints copies the write-ahead log into the database file beside
// the writer. SQLite would do it inside a COMMIT, and somebody's request would
// wait for it.
func (s *Store) startCheckpoints(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.checkpoints.Go(func() {
		ticker := time.NewTicker(checkpointEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := s.checkpoint(ctx); err != nil && ctx.Err() == nil {
				s.logger.Warn("checkpoint the database", "error", err)
			}
		}
	})
}

func (s *Store) checkpoint(ctx context.Context) error {
	size, err := s.walSize()
	if err != nil || size < checkpointAbove {
		return err
	}
	// On a connection of the readers' pool: it does not stop the writer.
	if _, err := s.read.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		return err
	}
	if size < restartAbove {
		return nil
	}
	// Little is left to copy now, and on the writer's own connection nobody
	// has to wait for a lock.
	_, err = s.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

func (s *Store) walSize() (int64, error) {
	info, err := os.Stat(s.path + "-wal")
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
