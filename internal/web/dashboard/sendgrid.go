package dashboard

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/engine/sendgrid"
	"github.com/postrider/postrider/internal/engine/vault"
	"github.com/postrider/postrider/internal/web/gate"
)

// sendGridView is the form of the SendGrid account (F007, F008).
type sendGridView struct {
	common
	New      bool
	Enabled  toggle
	Key      field
	Template field
	Group    field
	Sender   field
	Email    field
}

// sendGridInput is what was typed.
type sendGridInput struct {
	config sendgrid.Config
	group  string // the number of the unsubscribe group
}

func readSendGrid(r *http.Request) sendGridInput {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	in := sendGridInput{
		config: sendgrid.Config{
			IsEnabled: r.PostFormValue("isEnabled") != "", APIKey: value("sendGridApiKey"), TemplateID: value("sendGridTemplateID"),
			SenderName: value("senderName"), SenderEmail: value("senderEmail"),
		},
		group: value("sendGridUnsubscribeGroupID"),
	}
	// What is no number stays 0, which is no group either.
	if n, err := strconv.ParseInt(in.group, 10, 64); err == nil {
		in.config.UnsubscribeGroupID = sendgrid.GroupID(n)
	}
	return in
}

// over lays what was typed over what there is: a key that was not typed stays,
// and so does what the form does not show.
func (in *sendGridInput) over(there *sendgrid.Config) {
	next := in.config
	if next.APIKey == "" {
		next.APIKey = there.APIKey
	}
	next.AllowEmailReplies, next.SenderEmailForReplies = there.AllowEmailReplies, there.SenderEmailForReplies
	*there = next
}

func newSendGrid(r *http.Request, v *gate.Visitor, in sendGridInput, there *sendgrid.Config, wrong problems) sendGridView {
	c := in.config
	view := sendGridView{
		common: newCommon(r, v), New: there == nil,
		Enabled: toggle{Name: "isEnabled", Label: "Enable SendGrid", Hint: "While it is off, nobody is told by it.", On: c.IsEnabled},
		Key: field{
			Name: "sendGridApiKey", Label: "API key", Type: "password", Value: c.APIKey, Problem: wrong["sendGridApiKey"], Autocomplete: "new-password",
			Placeholder: "SG.…", Hint: "It needs the permission to send mail, and no other.",
		},
		Template: field{
			Name: "sendGridTemplateID", Label: "Template ID", Value: c.TemplateID, Problem: wrong["sendGridTemplateID"], Autocomplete: "off",
			Placeholder: "d-…", Hint: "Of a dynamic template. It gets what a custom provider gets under “data”.",
		},
		Group: field{
			Name: "sendGridUnsubscribeGroupID", Label: "Unsubscribe group ID", Value: in.group, Problem: wrong["sendGridUnsubscribeGroupID"], Autocomplete: "off",
			Placeholder: "12345", Hint: "The number of the group that people leave by the mail’s unsubscribe link.",
		},
		Sender: field{Name: "senderName", Label: "Sender name", Value: c.SenderName, Problem: wrong["senderName"], Autocomplete: "off"},
		Email: field{
			Name: "senderEmail", Label: "Sender email", Type: "email", Value: c.SenderEmail, Problem: wrong["senderEmail"], Autocomplete: "off",
			Hint: "Verified at SendGrid.",
		},
	}
	if there != nil && there.APIKey != "" {
		view.Key.Hint = "One is saved. Leave this empty to keep it."
	}
	if len(wrong) > 0 {
		view.Alert = "Nothing was saved. Please mend what is marked."
	}
	return view
}

// sendGridThere returns the SendGrid account; nil if there is none.
func (d *dashboard) sendGridThere(r *http.Request) (*sendgrid.Config, error) {
	there, err := d.Engine.Vault.SendGrid(r.Context(), d.Engine.App)
	if errors.Is(err, vault.ErrNothing) {
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	return there, err
}

func (d *dashboard) sendGridForm(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	there, err := d.sendGridThere(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	var in sendGridInput
	if there != nil {
		in.config, in.group = *there, strconv.FormatInt(int64(there.UnsubscribeGroupID), 10)
		in.config.APIKey = "" // secrets go in, never out
	}
	d.show(w, http.StatusOK, "sendgrid", newSendGrid(r, v, in, there, nil))
}

func (d *dashboard) saveSendGrid(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	in := readSendGrid(r)
	err := d.keepSendGrid(r, in)
	wrong := make(problems)
	switch {
	case err == nil:
		d.record(r, v, access.ActionSavedSendGrid, in.config.SenderEmail, onOff(in.config.IsEnabled))
		then(w, r, credentialsPath, "saved")
	case wrong.add(err, plainSendGrid):
		there, err := d.sendGridThere(r)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		d.show(w, http.StatusUnprocessableEntity, "sendgrid", newSendGrid(r, v, in, there, wrong))
	default:
		d.fail(w, r, err)
	}
}

// keepSendGrid changes the account that there is, or makes it.
func (d *dashboard) keepSendGrid(r *http.Request, in sendGridInput) error {
	change := func(c *sendgrid.Config) error {
		in.over(c)
		return c.Validate()
	}
	_, err := d.Engine.Vault.ChangeSendGrid(r.Context(), d.Engine.App, change)
	if !errors.Is(err, vault.ErrNothing) {
		return err
	}
	fresh := new(sendgrid.Config)
	if err := change(fresh); err != nil {
		return err
	}
	err = d.Engine.Vault.AddSendGrid(r.Context(), d.Engine.App, fresh)
	if errors.Is(err, vault.ErrExists) { // somebody else has made it in the meantime
		_, err = d.Engine.Vault.ChangeSendGrid(r.Context(), d.Engine.App, change)
	}
	return err
}

// plainSendGrid says in the words of the form what is said in those of the API.
func plainSendGrid(text string) string {
	return strings.NewReplacer(
		"sendGridApiKey", "API key", "sendGridTemplateID", "template ID", "sendGridUnsubscribeGroupID", "unsubscribe group ID",
		"senderName", "sender name", "senderEmail", "sender email",
	).Replace(text)
}

func (d *dashboard) confirmDeleteSendGrid(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.show(w, http.StatusOK, "confirm", confirmation{
		common: newCommon(r, v), Title: "Delete the SendGrid credentials?",
		Text:   "Its API key is gone for good, and nobody is told by it any more.",
		Action: sendGridPath + "/delete", Button: "Delete the credentials", Keep: "Keep them", Back: credentialsPath,
	})
}

func (d *dashboard) deleteSendGrid(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	err := d.Engine.Vault.DeleteSendGrid(r.Context(), d.Engine.App)
	switch {
	case err == nil:
		d.record(r, v, access.ActionDeletedSendGrid, "", "")
	case !errors.Is(err, vault.ErrNothing):
		d.fail(w, r, err)
		return
	}
	then(w, r, credentialsPath, "deleted")
}
