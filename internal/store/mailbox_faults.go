package store

import (
	"context"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

// Faults implements [mailbox.Store].
func (s *Store) Faults(ctx context.Context) (f mailbox.Faults, err error) {
	var delay int64
	err = s.read.QueryRowContext(ctx, `SELECT temporary, permanent, slow, delay_ms FROM mailbox_state WHERE id = 1`).
		Scan(&f.Temporary, &f.Permanent, &f.Slow, &delay)
	if err != nil {
		return f, fmt.Errorf("read faults: %w", err)
	}
	f.Delay = time.Duration(delay) * time.Millisecond
	return f, nil
}

// SetFaults implements [mailbox.Store].
func (s *Store) SetFaults(ctx context.Context, f mailbox.Faults) error {
	err := s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `UPDATE mailbox_state SET temporary = $1, permanent = $2, slow = $3, delay_ms = $4 WHERE id = 1`,
			f.Temporary, f.Permanent, f.Slow, f.Delay.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("set faults: %w", err)
	}
	return nil
}
