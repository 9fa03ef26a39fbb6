package dashboard

import (
	"errors"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/engine/webhook"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	credentialsPath = Path + "/credentials"
	customPath      = credentialsPath + "/custom"
	sendGridPath    = credentialsPath + "/sendgrid"
)

// credentialsView shows how the providers are reached, without their secrets.
type credentialsView struct {
	common
	Custom   *webhook.Config
	SendGrid *sendgrid.Config
	Here     bool // the custom provider is our own
	None     bool // no provider is enabled
	Own      string
}

func (d *dashboard) credentials(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	providers, err := d.Engine.Vault.Providers(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view := credentialsView{common: newCommon(r, v), Custom: providers.Custom, SendGrid: providers.SendGrid, Own: d.ours(access.NameWebhook)}
	view.Here = view.Custom != nil && d.Engine.Here(view.Custom.WebhookURL)
	view.None = (view.Custom == nil || !view.Custom.IsEnabled) && (view.SendGrid == nil || !view.SendGrid.IsEnabled)
	d.show(w, http.StatusOK, "credentials", view)
}

// customView is the form of the custom provider: the six steps of its
// documentation (F002 to F006).
type customView struct {
	common
	New       bool
	Enabled   toggle
	URL       field
	BasicAuth toggle
	Username  field
	Password  field
	Stored    toggle
	Secret    field
	NoSecret  toggle // to remove the one that is there
	HasSecret bool
	Own       string // the URL of our own provider
}

// customInput is what was typed.
type customInput struct {
	config                webhook.Config
	removeSignatureSecret bool
}

func readCustom(r *http.Request) customInput {
	return customInput{
		config: webhook.Config{
			IsEnabled: r.PostFormValue("isEnabled") != "", UseStoredEmailID: r.PostFormValue("useStoredEmailID") != "",
			WebhookURL: strings.TrimSpace(r.PostFormValue("webhookURL")), UseBasicAuth: r.PostFormValue("useBasicAuth") != "",
			BasicAuthUsername: r.PostFormValue("basicAuthUsername"), BasicAuthPassword: r.PostFormValue("basicAuthPassword"),
			SignatureSecret: strings.TrimSpace(r.PostFormValue("signatureSecret")),
		},
		removeSignatureSecret: r.PostFormValue("removeSignatureSecret") != "",
	}
}

// over lays what was typed over what there is: secrets that were not typed stay.
func (in *customInput) over(there *webhook.Config) {
	next := in.config
	if next.BasicAuthPassword == "" {
		next.BasicAuthPassword = there.BasicAuthPassword
	}
	if next.SignatureSecret == "" && !in.removeSignatureSecret {
		next.SignatureSecret = there.SignatureSecret
	}
	*there = next
}

// newCustom makes the form of what was typed. there is what is kept, nil if
// there is nothing.
func (d *dashboard) newCustom(r *http.Request, v *gate.Visitor, in customInput, there *webhook.Config, wrong problems) customView {
	c := in.config
	view := customView{
		common: newCommon(r, v), New: there == nil, Own: d.ours(access.NameWebhook),
		Enabled: toggle{Name: "isEnabled", Label: "Enable the provider", Hint: "While it is off, nobody is told by it.", On: c.IsEnabled},
		URL: field{
			Name: "webhookURL", Label: "Webhook URL", Type: "url", Value: c.WebhookURL, Problem: wrong["webhookURL"], Autocomplete: "off",
			Placeholder: "https://hooks.example.com/email", Hint: "Publicly accessible, with https. It is called with POST once for each recipient, and has to answer 200 within 2 seconds.",
		},
		BasicAuth: toggle{Name: "useBasicAuth", Label: "Basic Authentication", Hint: "Recommended: the endpoint can tell that it is you who calls.", On: c.UseBasicAuth},
		Username: field{
			Name: "basicAuthUsername", Label: "User name", Value: c.BasicAuthUsername, Problem: wrong["basicAuthUsername"], Autocomplete: "off",
		},
		Password: field{
			Name: "basicAuthPassword", Label: "Password", Type: "password", Value: c.BasicAuthPassword, Problem: wrong["basicAuthPassword"], Autocomplete: "new-password",
		},
		Stored: toggle{
			Name: "useStoredEmailID", Label: "Trigger only if email address is stored", On: c.UseStoredEmailID,
			Hint: "When off, the webhook fires regardless, and the endpoint finds the address itself.",
		},
		Secret: field{
			Name: "signatureSecret", Label: "Signature secret", Type: "password", Value: c.SignatureSecret, Problem: wrong["signatureSecret"], Autocomplete: "new-password",
			Optional: true, Placeholder: "whsec_…", Hint: "Signs each call as Standard Webhooks does: whsec_ and 24 to 64 bytes in base64. Several, separated by spaces, while rotating.",
		},
	}
	if there != nil && there.BasicAuthPassword != "" {
		view.Password.Hint = "One is saved. Leave this empty to keep it."
	}
	if there != nil && there.SignatureSecret != "" {
		view.HasSecret = true
		view.Secret.Hint = "One is saved. Leave this empty to keep it."
		view.NoSecret = toggle{Name: "removeSignatureSecret", Label: "Remove the signature secret", On: in.removeSignatureSecret}
	}
	if len(wrong) > 0 {
		view.Alert = "Nothing was saved. Please mend what is marked."
	}
	return view
}

// customThere returns the custom provider; nil if there is none.
func (d *dashboard) customThere(r *http.Request) (*webhook.Config, error) {
	there, err := d.Engine.Vault.Custom(r.Context(), d.Engine.App)
	if errors.Is(err, vault.ErrNothing) {
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	return there, err
}

func (d *dashboard) customForm(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	there, err := d.customThere(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	var in customInput
	if there != nil {
		in.config = *there
		in.config.BasicAuthPassword, in.config.SignatureSecret = "", "" // secrets go in, never out
	}
	d.show(w, http.StatusOK, "custom", d.newCustom(r, v, in, there, nil))
}

func (d *dashboard) saveCustom(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	in := readCustom(r)
	err := d.keepCustom(r, in)
	wrong := make(problems)
	switch {
	case err == nil:
		d.record(r, v, access.ActionSavedCustom, in.config.WebhookURL, onOff(in.config.IsEnabled))
		then(w, r, credentialsPath, "saved")
	case wrong.add(err, plainCustom):
		there, err := d.customThere(r)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		d.show(w, http.StatusUnprocessableEntity, "custom", d.newCustom(r, v, in, there, wrong))
	default:
		d.fail(w, r, err)
	}
}

// keepCustom changes the provider that there is, or makes it.
func (d *dashboard) keepCustom(r *http.Request, in customInput) error {
	change := func(c *webhook.Config) error {
		in.over(c)
		return c.Validate(d.Engine.AllowPrivateTargets, d.Engine.Here)
	}
	_, err := d.Engine.Vault.ChangeCustom(r.Context(), d.Engine.App, change)
	if !errors.Is(err, vault.ErrNothing) {
		return err
	}
	fresh := new(webhook.Config)
	if err := change(fresh); err != nil {
		return err
	}
	err = d.Engine.Vault.AddCustom(r.Context(), d.Engine.App, fresh)
	if errors.Is(err, vault.ErrExists) { // somebody else has made it in the meantime
		_, err = d.Engine.Vault.ChangeCustom(r.Context(), d.Engine.App, change)
	}
	return err
}

// plainCustom says in the words of the form what is said in those of the API.
func plainCustom(text string) string {
	return strings.NewReplacer(
		"webhookURL", "webhook URL", "basicAuthUsername", "user name", "basicAuthPassword", "password", "signatureSecret", "signature secret",
		"when useBasicAuth is true", "when Basic Authentication is on",
	).Replace(text)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (d *dashboard) confirmDeleteCustom(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Delete the custom provider?",
		Text:   "Its URL, its password and its signature secret are gone for good, and nobody is told by it any more.",
		Action: customPath + "/delete", Button: "Delete the provider", Keep: "Keep it", Back: credentialsPath,
	})
}

func (d *dashboard) deleteCustom(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	err := d.Engine.Vault.DeleteCustom(r.Context(), d.Engine.App)
	switch {
	case err == nil:
		d.record(r, v, access.ActionDeletedCustom, "", "")
	case !errors.Is(err, vault.ErrNothing):
		d.fail(w, r, err)
		return
	}
	then(w, r, credentialsPath, "deleted")
}
