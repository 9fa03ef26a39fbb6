package dashboard

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
)

// auditPage is how many entries one page of the audit log shows.
const auditPage = 50

// What is done to other things than accounts.
const (
	actionTestedCustom   access.Action = "sent a test to the custom provider"
	actionTestedSendGrid access.Action = "sent a test by SendGrid"
)

// auditView is the audit log.
type auditView struct {
	common
	Entries []access.Entry
	First   bool
	Older   string // URL of the next page
}

func (d *dashboard) audit(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	before := r.URL.Query().Get("before")
	entries, err := d.Accounts.Entries(r.Context(), before, auditPage+1)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	view := auditView{common: newCommon(r, v), Entries: entries, First: before == ""}
	if len(entries) > auditPage {
		view.Entries = entries[:auditPage]
		view.Older = Path + "/audit?before=" + url.QueryEscape(entries[auditPage-1].ID)
	}
	d.show(w, http.StatusOK, "audit", view)
}

// record notes what the visitor has done. It is done: that it could not be noted
// is for the log.
func (d *dashboard) record(r *http.Request, v *gate.Visitor, action access.Action, subject, detail string) {
	if e := d.Engine; e != nil && e.Apps != nil && e.App != e.Apps.Default().Key && subject != e.AppID {
		detail = strings.TrimPrefix(detail+", app "+e.AppID, ", ")
	}
	if err := d.Accounts.Record(r.Context(), v.Actor(), action, subject, detail); err != nil {
		d.Logger.Error("write the audit log", "account", v.Account.Name, "action", action, "subject", subject, "error", err)
	}
}
