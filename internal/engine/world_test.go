package engine_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine"
	"github.com/postrider/postrider/internal/engine/breaker"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/store"
)

const app = "app"

// retries is the schedule that the program has by default.
var retries = outbox.Schedule{10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}

// options is what worlds differ in.
type options struct {
	url     string // of the database; empty: an SQLite file of its own
	speed   float64
	maxAge  time.Duration // 0: 72 h
	retries outbox.Schedule
	// poll is how often engine and worker look around. In virtual time a look
	// every second would be most of a test's work; what is known to be due they
	// know to the millisecond in any case.
	poll time.Duration
	// exclusive has SQLite give back at start what was in hand.
	exclusive bool
	region    string
}

// world is an engine with its worker on a real store, the providers it calls,
// and what happened.
type world struct {
	t *testing.T
	options
	*store.Store
	vault     *vault.Vault
	sealer    *access.Sealer
	engine    *engine.Engine
	worker    *outbox.Worker
	breaker   *breaker.Breaker
	providers *providers
	ahead     atomic.Int64 // by which the clock is ahead of the bubble's

	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	decided []decided
	settled []settlement
}

type decided struct {
	at time.Time
	engine.Decided
}

type settlement struct {
	at       time.Time
	delivery outbox.Claimed
	outcome  outbox.Outcome
}

// now is the clock of everything in the world.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func newWorld(t *testing.T, o options) *world {
	t.Helper()
	if o.url == "" {
		o.url = "sqlite:" + emptyDatabase(t)
	}
	if o.maxAge == 0 {
		o.maxAge = 72 * time.Hour
	}
	if o.retries == nil {
		o.retries = retries
	}
	if o.poll == 0 {
		o.poll = 5 * time.Minute
	}
	if o.region == "" {
		o.region = "eu"
	}
	w := &world{t: t, options: o}
	w.providers = newProviders(w.now)
	var err error
	if w.sealer, err = access.NewSealer(make([]byte, 32)); err != nil {
		t.Fatal(err)
	}
	w.open()
	t.Cleanup(w.close)
	return w
}

// template is an SQLite file with the schema and nothing else: a copy is made
// faster than a schema.
var template struct {
	once sync.Once
	body []byte
	err  error
}

func emptyDatabase(t *testing.T) string {
	t.Helper()
	template.once.Do(func() { template.body, template.err = makeTemplate() })
	if template.err != nil {
		t.Fatal(template.err)
	}
	path := filepath.Join(t.TempDir(), "postrider.db")
	if err := os.WriteFile(path, template.body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func makeTemplate() (body []byte, err error) {
	dir, err := os.MkdirTemp("", "postrider-engine-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "postrider.db")
	s, err := store.Open(context.Background(), store.Config{
		URL: "sqlite:" + path, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil { // the last one out writes the log into the file
		return nil, err
	}
	return os.ReadFile(path)
}

// open opens the store and starts the engine on it.
func (w *world) open() {
	w.t.Helper()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(w.t.Context(), store.Config{URL: w.url, Exclusive: w.exclusive, Clock: w.now, Logger: logger})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Store, w.vault = s, vault.New(s, w.sealer)
	w.breaker = breaker.New(breaker.Config{Speed: w.speed, Clock: w.now, Logger: logger})
	w.start()
}

// start runs an engine and its worker.
func (w *world) start() {
	logger := slog.New(slog.DiscardHandler)
	w.engine = engine.New(engine.Config{
		App: app, AppID: app, Region: w.region, Store: w.Store, Vault: w.vault,
		Webhook:  webhook.New(w.providers, "test", w.now),
		SendGrid: sendgrid.New(sendgrid.ClientConfig{Transport: w.providers, Clock: w.now, Version: "test"}),
		Breaker:  w.breaker, Speed: w.speed, MaxAge: w.maxAge, Retries: w.retries, Poll: w.poll,
		Clock: w.now, Random: func() float64 { return 0.5 }, Logger: logger,
		OnDecided: func(d engine.Decided) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.decided = append(w.decided, decided{w.now(), d})
		},
	})
	worker := outbox.NewWorker(outbox.WorkerConfig{
		Store: w.Store, Lane: outbox.LaneCall, Handler: w.engine, Clock: w.now, Logger: logger,
		Poll: w.poll, Lease: max(time.Minute, 3*w.poll),
		Observe: func(d outbox.Claimed, o outbox.Outcome) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.settled = append(w.settled, settlement{w.now(), d, o})
		},
	})
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop = stop
	w.worker = worker
	w.running.Go(func() { w.engine.Run(ctx, worker) })
	w.running.Go(func() { worker.Run(ctx) })
}

// halt ends the engine and the worker. The store stays open.
func (w *world) halt() {
	w.stop()
	w.running.Wait()
}

// close ends everything.
func (w *world) close() {
	w.halt()
	if w.Store == nil {
		return
	}
	if err := w.Store.Close(); err != nil {
		w.t.Error(err)
	}
	w.Store = nil
}

// record tells the engine what happened.
func (w *world) record(events ...chat.Event) {
	w.t.Helper()
	if err := w.engine.Record(w.t.Context(), app, events); err != nil {
		w.t.Fatal(err)
	}
}

// customize makes the custom provider what change makes of it.
func (w *world) customize(change func(*webhook.Config)) {
	w.t.Helper()
	_, err := w.vault.Custom(w.t.Context(), app)
	if err != nil {
		c := &webhook.Config{WebhookURL: "https://hooks.example.com/webhook"}
		change(c)
		err = w.vault.AddCustom(w.t.Context(), app, c)
	} else {
		_, err = w.vault.ChangeCustom(w.t.Context(), app, func(c *webhook.Config) error {
			change(c)
			return nil
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// sendGrid switches SendGrid on or off.
func (w *world) sendGrid(on bool) {
	w.t.Helper()
	const name = "provider/sendgrid"
	body, err := json.Marshal(sendgrid.Config{
		IsEnabled: on, APIKey: "SG.key", TemplateID: "d-1", SenderName: "App", SenderEmail: "app@example.com",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	old, err := w.Setting(w.t.Context(), app, name)
	if err != nil {
		old = nil
	}
	done, err := w.ReplaceSetting(w.t.Context(), app, name, old, w.sealer.Seal("setting/"+app+"/"+name, string(body)))
	if err != nil || !done {
		w.t.Fatalf("set SendGrid: %v, %v", done, err)
	}
}

// execute changes something behind the store's back.
func (w *world) execute(statement string, args ...any) error {
	db, err := w.raw()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(w.t.Context(), statement, args...)
	return errors.Join(err, db.Close())
}

// rows reads something behind the store's back.
func (w *world) rows(statement string, row func(scan func(...any) error) error) error {
	db, err := w.raw()
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(w.t.Context(), statement)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (w *world) raw() (*sql.DB, error) {
	driver, source := "pgx", w.url
	if path, ok := strings.CutPrefix(w.url, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	return sql.Open(driver, source)
}

// settings changes the app's settings by the body of a PATCH.
func (w *world) settings(patch string) {
	w.t.Helper()
	err := w.vault.ChangeSettings(w.t.Context(), app, func(s *chat.Settings) (*chat.Settings, error) {
		return chat.PatchSettings(s, []byte(patch))
	})
	if err != nil {
		w.t.Fatal(fmt.Errorf("%s: %w", patch, err))
	}
}
