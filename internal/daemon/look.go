package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/postrider/postrider/internal/provider/render"
)

// Look says how mails look, and where they lead.
type Look struct {
	DeepLink        string `env:"POSTRIDER_DEEP_LINK" placeholder:"URL" help:"Where the mail's button leads; may hold {uid}, {senderUid} and {guid}."`
	PreferencesLink string `env:"POSTRIDER_PREFERENCES_LINK" placeholder:"URL" help:"Where the mail's link to the email settings leads; the same placeholders."`
	BrandName       string `env:"POSTRIDER_BRAND_NAME" placeholder:"NAME" help:"Product whose mails they are; the sender's display name unless set."`
	BrandLogo       string `env:"POSTRIDER_BRAND_LOGO" placeholder:"URL" help:"https URL of the logo above the mail; the name in letters unless set."`
	BrandColor      string `env:"POSTRIDER_BRAND_COLOR" placeholder:"#RRGGBB" help:"Colour of the mail's button and edge; #0f6e67 unless set."`
	BrandFooter     string `env:"POSTRIDER_BRAND_FOOTER" placeholder:"TEXT" help:"Last text of every mail, such as a postal address."`
}

// brand returns the brand that is set.
func (l *Look) brand() render.Brand {
	return render.Brand{Name: l.BrandName, Logo: l.BrandLogo, Color: l.BrandColor, Footer: l.BrandFooter}
}

func (l *Look) validate() error {
	brand := l.brand()
	err := brand.Validate()
	var wrong *render.BrandError
	if errors.As(err, &wrong) {
		return fmt.Errorf("POSTRIDER_BRAND_%s: %s", strings.ToUpper(wrong.Field), wrong.Problem)
	}
	if _, err := l.links(); err != nil {
		return err
	}
	return nil
}

// links returns the two links of mails.
func (l *Look) links() (links struct{ deep, preferences render.Link }, err error) {
	if links.deep, err = render.ParseLink(l.DeepLink); err != nil {
		return links, fmt.Errorf("POSTRIDER_DEEP_LINK: %w", err)
	}
	if links.preferences, err = render.ParseLink(l.PreferencesLink); err != nil {
		return links, fmt.Errorf("POSTRIDER_PREFERENCES_LINK: %w", err)
	}
	return links, nil
}

// renderer returns what makes the mails.
func (d *Daemon) renderer() (*render.Renderer, error) {
	links, err := d.settings.links()
	if err != nil {
		return nil, err
	}
	return render.New(render.Config{
		From: mail.Address(d.settings.From), ImageBase: d.settings.PublicURL,
		DeepLink: links.deep, PreferencesLink: links.preferences,
	}), nil
}

// zoneOf returns the time zone that somebody has registered; nil if there is
// none that this machine knows.
func (d *Daemon) zoneOf(ctx context.Context, app, uid string) (*time.Location, error) {
	name, err := d.data.Store.Timezone(ctx, app, uid)
	if err != nil || name == "" {
		return nil, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		d.logger.Warn("a time zone that is not known; mails tell UTC", "zone", name, "error", err)
		return nil, nil
	}
	return zone, nil
}
