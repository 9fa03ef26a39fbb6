package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/provider/gateway/mailbox"
	"github.com/postrider/postrider/notification"
)

// Settings is everything that can be set. Every field has a flag and an
// environment variable of the same name; the flag wins.
type Settings struct {
	Database `group:"Database"`
	Logging  `group:"Logging"`
	Server   `group:"Server"`
	Webhook  `group:"Webhook"`
	Chat     `group:"Chat"`
	Mail     `group:"Mail"`
	Look     `group:"Look of mails"`
	SignIn   `group:"Sign-in"`
}

// Database says where data is kept.
type Database struct {
	DataDir     string    `env:"POSTRIDER_DATA_DIR" default:"./postrider-data" placeholder:"DIR" help:"Directory of the SQLite file and secret.key."`
	DatabaseURL SecretURL `env:"POSTRIDER_DATABASE_URL" placeholder:"URL" help:"postgres://… or sqlite:PATH; SQLite in the data directory unless set."`
	SecretKey   Secret    `env:"POSTRIDER_SECRET_KEY" placeholder:"KEY" help:"32 bytes in base64 that seal secrets in the database; secret.key in the data directory unless set, required with PostgreSQL."`
	AppID       string    `env:"POSTRIDER_APP_ID" placeholder:"ID" help:"Id of the app; until it is set every appId is accepted, then only this one."`
}

// Logging says what is logged, and how.
type Logging struct {
	LogFormat LogFormat `env:"POSTRIDER_LOG_FORMAT" placeholder:"text|json" help:"text or json; text on a terminal, else json."`
	LogLevel  LogLevel  `env:"POSTRIDER_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// Server says where to listen.
type Server struct {
	Listen        string   `env:"POSTRIDER_LISTEN" placeholder:"ADDR" help:"Address of the HTTP server; :$PORT if PORT is set, else :8080."`
	TLSCert       string   `env:"POSTRIDER_TLS_CERT" name:"tls-cert" placeholder:"FILE" help:"Serve HTTPS with this certificate chain (PEM); reloaded when it changes."`
	TLSKey        string   `env:"POSTRIDER_TLS_KEY" name:"tls-key" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	MetricsListen *string  `env:"POSTRIDER_METRICS_LISTEN" placeholder:"ADDR" help:"Address of /metrics; 127.0.0.1:9464 unless set; empty: off."`
	PublicURL     string   `env:"POSTRIDER_PUBLIC_URL" name:"public-url" placeholder:"URL" help:"How this server is reached from outside; http://localhost:PORT unless set."`
	Region        string   `env:"POSTRIDER_REGION" default:"us" placeholder:"REGION" help:"Region of the app: us, eu or in."`
	MaxBody       ByteSize `env:"POSTRIDER_MAX_BODY" default:"8MiB" placeholder:"SIZE" help:"Largest accepted request body."`
	AdminUsername string   `env:"POSTRIDER_ADMIN_USERNAME" default:"admin" placeholder:"NAME" help:"User name of the first account."`
	AdminPassword Secret   `env:"POSTRIDER_ADMIN_PASSWORD" placeholder:"PASSWORD" help:"Its password; generated unless set."`
}

// Webhook says who may call /webhook.
type Webhook struct {
	WebhookUsername         string `env:"POSTRIDER_WEBHOOK_USERNAME" placeholder:"NAME" help:"User name for Basic Auth of /webhook."`
	WebhookPassword         Secret `env:"POSTRIDER_WEBHOOK_PASSWORD" placeholder:"PASSWORD" help:"Its password; generated unless set."`
	WebhookPreviousUsername string `env:"POSTRIDER_WEBHOOK_PREVIOUS_USERNAME" placeholder:"NAME" help:"User name that stays valid while rotating; the present one unless set."`
	WebhookPreviousPassword Secret `env:"POSTRIDER_WEBHOOK_PREVIOUS_PASSWORD" placeholder:"PASSWORD" help:"Password that stays valid while rotating."`

	WebhookSecret Secret      `env:"POSTRIDER_WEBHOOK_SECRET" placeholder:"SECRETS" help:"Signature secrets of /webhook (Standard Webhooks, whsec_…); several, separated by spaces, while rotating."`
	WebhookAuth   WebhookAuth `env:"POSTRIDER_WEBHOOK_AUTH" default:"any" placeholder:"METHOD" help:"What callers of /webhook have to show: any (one of those that are configured), basic, signature, both or none."`
}

// Chat says who may tell what happens in the chat, and how providers are
// called about it.
type Chat struct {
	EventsUsername        string          `env:"POSTRIDER_EVENTS_USERNAME" placeholder:"NAME" help:"User name for Basic Auth of /events."`
	EventsPassword        Secret          `env:"POSTRIDER_EVENTS_PASSWORD" placeholder:"PASSWORD" help:"Its password; generated unless set."`
	APIKey                Secret          `env:"POSTRIDER_API_KEY" name:"api-key" placeholder:"KEY" help:"First fullAccess key of the REST API: 40 hexadecimal characters; generated unless set."`
	ProviderRetrySchedule []time.Duration `env:"POSTRIDER_PROVIDER_RETRY_SCHEDULE" default:"10s,30s,2m,10m,1h,6h" placeholder:"PAUSES" help:"Pauses between calls to a provider that fails."`
	AllowPrivateTargets   bool            `env:"POSTRIDER_ALLOW_PRIVATE_TARGETS" help:"Let providers and the directory be called at http:// and private addresses."`
	Speed                 float64         `env:"POSTRIDER_SPEED" default:"1" placeholder:"N" help:"Divides what the engine waits for; for demonstrations and tests."`
}

// Mail says how mails are made and sent.
type Mail struct {
	SMTPURL            SecretURL       `env:"POSTRIDER_SMTP_URL" name:"smtp-url" placeholder:"URL" help:"smtp://user:password@host:587 or smtps://…; the built-in mailbox unless set."`
	From               MailAddress     `env:"POSTRIDER_FROM" default:"Postrider <postrider@localhost>" placeholder:"ADDRESS" help:"Sender of the mails."`
	Mailbox            *bool           `env:"POSTRIDER_MAILBOX" negatable:"" help:"Keep mails in the built-in mailbox; on if no gateway is configured."`
	MailboxKeep        int             `env:"POSTRIDER_MAILBOX_KEEP" default:"1000" placeholder:"N" help:"How many mails the mailbox keeps: the newest."`
	EmailRetrySchedule []time.Duration `env:"POSTRIDER_EMAIL_RETRY_SCHEDULE" default:"30s,2m,10m,1h,4h,12h,24h" placeholder:"PAUSES" help:"Pauses between attempts of a mail."`
	DirectoryURL       string          `env:"POSTRIDER_DIRECTORY_URL" name:"directory-url" placeholder:"URL" help:"Where addresses are looked up that are not known otherwise: https://api.example.com/users/{uid}."`
	DirectoryHeader    Secret          `env:"POSTRIDER_DIRECTORY_HEADER" placeholder:"HEADER" help:"Header that goes with it: Authorization: Bearer …"`
	DirectoryPath      string          `env:"POSTRIDER_DIRECTORY_PATH" default:"email" placeholder:"PATH" help:"Where the address stands in the JSON that answers, such as data.email."`
	MaxAge             time.Duration   `env:"POSTRIDER_MAX_AGE" default:"72h" placeholder:"TIME" help:"Older mails are not sent any more."`
	Retention          time.Duration   `env:"POSTRIDER_RETENTION" default:"336h" placeholder:"TIME" help:"How long settled deliveries are kept."`
}

// maxMailboxKeep is how many mails searches have been measured with.
const maxMailboxKeep = 100_000

// Bounds of the speed.
const (
	minSpeed = 0.01
	maxSpeed = 100_000
)

// App is the name under which the data of the default app is kept. It stays
// when the app's id is set or changes.
const App = "default"

// MetricsAddress returns where /metrics listens ("" is nowhere), and whether
// somebody asked for just that address.
func (s *Server) MetricsAddress() (address string, asked bool) {
	if s.MetricsListen == nil {
		return "127.0.0.1:9464", false
	}
	return *s.MetricsListen, true
}

// URL returns the database's URL.
func (d *Database) URL() string {
	if d.DatabaseURL != "" {
		return string(d.DatabaseURL)
	}
	return "sqlite:" + filepath.Join(d.DataDir, "postrider.db")
}

func (d *Database) validate() error {
	u := d.URL()
	switch {
	case strings.HasPrefix(u, "sqlite:"):
		if strings.TrimPrefix(u, "sqlite:") == "" {
			return errors.New("POSTRIDER_DATABASE_URL: sqlite: needs a path")
		}
	case strings.HasPrefix(u, "postgres://"), strings.HasPrefix(u, "postgresql://"):
		if d.SecretKey == "" {
			return errors.New("POSTRIDER_SECRET_KEY: is required with PostgreSQL, because every process must know the same key")
		}
	default:
		return errors.New("POSTRIDER_DATABASE_URL: must be postgres://… or sqlite:PATH")
	}
	return nil
}

// complete fills in where the server listens, and checks how it is reached.
func (s *Server) complete() error {
	if s.Listen == "" {
		s.Listen = ":8080"
		if port := os.Getenv("PORT"); port != "" {
			s.Listen = ":" + port
		}
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		return fmt.Errorf("POSTRIDER_LISTEN: %w", err)
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return errors.New("POSTRIDER_TLS_CERT and POSTRIDER_TLS_KEY: one is set without the other")
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("POSTRIDER_PUBLIC_URL: must be a URL such as https://mail.example.com")
		}
		s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	}
	return nil
}

// complete checks the settings that are more than a value's own syntax, and
// fills in those that depend on others.
func (s *Settings) complete() error {
	if err := s.Database.validate(); err != nil {
		return err
	}
	if err := s.Look.validate(); err != nil {
		return err
	}
	if err := s.SignIn.validate(); err != nil {
		return err
	}
	if err := s.Server.complete(); err != nil {
		return err
	}
	for _, positive := range []struct {
		name  string
		value int64
	}{{"POSTRIDER_MAX_BODY", int64(s.MaxBody)}, {"POSTRIDER_MAX_AGE", int64(s.MaxAge)}, {"POSTRIDER_RETENTION", int64(s.Retention)}} {
		if positive.value <= 0 {
			return fmt.Errorf("%s: must be above 0", positive.name)
		}
	}
	for _, schedule := range []struct {
		name   string
		pauses []time.Duration
	}{{"POSTRIDER_EMAIL_RETRY_SCHEDULE", s.EmailRetrySchedule}, {"POSTRIDER_PROVIDER_RETRY_SCHEDULE", s.ProviderRetrySchedule}} {
		for _, pause := range schedule.pauses {
			if pause < 0 {
				return fmt.Errorf("%s: a pause is below 0", schedule.name)
			}
		}
	}
	if !(s.Speed >= minSpeed && s.Speed <= maxSpeed) { // also false for what is no number
		return fmt.Errorf("POSTRIDER_SPEED: must be between %v and %v", minSpeed, maxSpeed)
	}
	if s.APIKey != "" && !access.IsKey(string(s.APIKey)) {
		return errors.New("POSTRIDER_API_KEY: must be 40 hexadecimal characters")
	}
	if s.WebhookPreviousUsername != "" && s.WebhookPreviousPassword == "" {
		return errors.New("POSTRIDER_WEBHOOK_PREVIOUS_USERNAME: is set without POSTRIDER_WEBHOOK_PREVIOUS_PASSWORD")
	}
	if s.DirectoryHeader != "" && s.DirectoryURL == "" {
		return errors.New("POSTRIDER_DIRECTORY_HEADER: is set without POSTRIDER_DIRECTORY_URL")
	}
	if s.MailboxKeep == 0 {
		s.MailboxKeep = mailbox.DefaultKeep
	}
	if s.MailboxKeep < 1 || s.MailboxKeep > maxMailboxKeep {
		return fmt.Errorf("POSTRIDER_MAILBOX_KEEP: must be between 1 and %d", maxMailboxKeep)
	}
	if s.Mailbox != nil && !*s.Mailbox && s.SMTPURL == "" {
		return errors.New("POSTRIDER_MAILBOX: is off and POSTRIDER_SMTP_URL is not set: mails would have nowhere to go")
	}
	return nil
}

// LogFormat is how a line of the log looks; empty: by where it goes.
type LogFormat string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *LogFormat) UnmarshalText(text []byte) error { return pick(f, text, "text", "json") }

// LogLevel is the lowest level that is logged.
type LogLevel string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *LogLevel) UnmarshalText(text []byte) error {
	return pick(l, text, "debug", "info", "warn", "error")
}

// pick sets v to the one of the values that text is.
func pick[T ~string](v *T, text []byte, values ...string) error {
	if !slices.Contains(values, string(text)) {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(values, ", "))
	}
	*v = T(text)
	return nil
}

// WebhookAuth is what callers of /webhook have to show.
type WebhookAuth notification.Method

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *WebhookAuth) UnmarshalText(text []byte) error {
	methods := make([]string, 0, len(notification.Methods()))
	for _, method := range notification.Methods() {
		methods = append(methods, string(method))
	}
	return pick(a, text, methods...)
}

const mask = "********"

// Secret is a setting that is never shown.
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// SecretURL is a setting whose password is never shown.
type SecretURL string

func (s SecretURL) String() string {
	u, err := url.Parse(string(s))
	if err != nil && s != "" {
		return mask
	}
	return u.Redacted()
}

// ByteSize is a number of bytes, written like 8MiB, 500kB or 1048576.
type ByteSize int64

// UnmarshalText implements [encoding.TextUnmarshaler].
func (b *ByteSize) UnmarshalText(text []byte) error {
	for _, unit := range []struct {
		suffix string
		factor int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}} {
		number, ok := strings.CutSuffix(strings.TrimSpace(string(text)), unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/unit.factor {
			return fmt.Errorf("%q is not a size such as 8MiB", text)
		}
		*b = ByteSize(n * unit.factor)
		return nil
	}
	return nil
}

func (b ByteSize) String() string {
	for _, unit := range []struct {
		suffix string
		factor int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if b > 0 && int64(b)%unit.factor == 0 {
			return strconv.FormatInt(int64(b)/unit.factor, 10) + unit.suffix
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// MailAddress is an address with or without a display name.
type MailAddress mail.Address

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *MailAddress) UnmarshalText(text []byte) error {
	parsed, err := mail.ParseAddress(string(text))
	if err != nil {
		return fmt.Errorf("%q is not an address such as Chat <chat@example.com>", text)
	}
	// A host without a dot is fine for trying things out.
	if !strings.HasSuffix(parsed.Address, "@localhost") {
		if parsed.Address, err = address.Parse(parsed.Address); err != nil {
			return err
		}
	}
	*m = MailAddress(*parsed)
	return nil
}

func (m MailAddress) String() string {
	a := mail.Address(m)
	if a.Name == "" {
		return a.Address
	}
	return a.Name + " <" + a.Address + ">"
}
