package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postrider/postrider/internal/jobs"
)

var _ jobs.Store = (*Store)(nil)

const jobColumns = `id, app, title, account, back, state, total, finished, refused, problems, note, started_at, heard_at, ended_at`

// PutJob implements [jobs.Store].
func (s *Store) PutJob(ctx context.Context, j *jobs.Job) error {
	problems, err := json.Marshal(j.Problems)
	if err != nil {
		return fmt.Errorf("encode problems: %w", err)
	}
	err = s.transaction(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO jobs (`+jobColumns+`) VALUES `+tuples(1, 14, 1)+`
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, total = excluded.total, finished = excluded.finished, refused = excluded.refused,
			problems = excluded.problems, note = excluded.note, heard_at = excluded.heard_at, ended_at = excluded.ended_at`,
			j.ID, text(j.App), text(j.Title), text(j.By), text(j.Back), string(j.State), j.Total, j.Finished, j.Refused, problems, text(j.Note),
			millis(j.StartedAt), millis(j.HeardAt), millis(j.EndedAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("store job: %w", err)
	}
	return nil
}

// Job implements [jobs.Store].
func (s *Store) Job(ctx context.Context, app, id string) (jobs.Job, error) {
	found, err := s.readJobs(ctx, `WHERE id = $1 AND app = $2`, text(id), text(app))
	if err == nil && len(found) == 0 {
		err = jobs.ErrNotFound
	}
	if err != nil {
		return jobs.Job{}, err
	}
	return found[0], nil
}

// Jobs implements [jobs.Store].
func (s *Store) Jobs(ctx context.Context, app string, limit int) ([]jobs.Job, error) {
	return s.readJobs(ctx, `WHERE app = $1 ORDER BY id DESC LIMIT $2`, text(app), limit)
}

func (s *Store) readJobs(ctx context.Context, which string, args ...any) ([]jobs.Job, error) {
	var all []jobs.Job
	err := query(ctx, s.read, `SELECT `+jobColumns+` FROM jobs `+which, args, func(rows *sql.Rows) error {
		var j jobs.Job
		var problems []byte
		var started, heard, ended int64
		err := rows.Scan(&j.ID, &j.App, &j.Title, &j.By, &j.Back, &j.State, &j.Total, &j.Finished, &j.Refused, &problems, &j.Note, &started, &heard, &ended)
		if err != nil {
			return err
		}
		j.StartedAt, j.HeardAt, j.EndedAt = fromMillis(started), fromMillis(heard), fromMillis(ended)
		all = append(all, j)
		return json.Unmarshal(problems, &all[len(all)-1].Problems)
	})
	if err != nil {
		return nil, fmt.Errorf("read jobs: %w", err)
	}
	return all, nil
}

// PurgeJobs implements [jobs.Store].
func (s *Store) PurgeJobs(ctx context.Context, before time.Time) error {
	err := s.deleteAll(ctx, `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE id < $1 LIMIT $2)`, firstID(before))
	if err != nil {
		return fmt.Errorf("delete old jobs: %w", err)
	}
	return nil
}
