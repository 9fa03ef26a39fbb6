package dashboard

import (
	"net/http"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/web/gate"
	"github.com/postrider/postrider/internal/web/page"
)

// route is an address, and whom it is for.
type route struct {
	pattern string // of http.ServeMux
	// role is what it takes; empty: it is open to everybody.
	role   access.Role
	handle gate.Handler     // of those with a role
	open   http.HandlerFunc // of those without
}

// limit is how many bytes the body of a request may have.
func (r *route) limit() int64 {
	if r.pattern == "POST "+importPath {
		return maxImport
	}
	return gate.MaxForm
}

// What a route takes, in short.
const (
	everybody = access.Role("")
	viewer    = access.RoleViewer
	operator  = access.RoleOperator
	admin     = access.RoleAdmin
)

// routes is every address of the dashboard. No handler asks for a role itself.
func (d *dashboard) routes() []route {
	all := []route{
		{"GET " + Path + "/sign-in", everybody, nil, d.signInForm},
		{"POST " + Path + "/sign-in", everybody, nil, d.signIn},
		{"GET " + Path + "/sign-in/{token}", everybody, nil, d.signInByLink},
		{"GET " + OpenIDPath, everybody, nil, d.toIssuer},
		{"GET " + OpenIDBack, everybody, nil, d.fromIssuer},
		{"GET " + Path + "/invitation/{token}", everybody, nil, d.invitation},
		{"POST " + Path + "/invitation/{token}", everybody, nil, d.accept},
		{"POST " + Path + "/sign-out", viewer, d.signOut, nil},

		{"GET " + Path, viewer, d.overview, nil},
		{"GET " + Path + "/{$}", viewer, d.toOverview, nil},
		{"GET " + Path + "/account", viewer, d.own, nil},
		{"POST " + Path + "/account/password", viewer, d.changePassword, nil},
		{"POST " + Path + "/account/sessions/end", viewer, d.endOtherSessions, nil},
		{"POST " + Path + "/account/sessions/{id}/end", viewer, d.endSession, nil},

		{"GET " + Path + "/accounts", viewer, d.accounts, nil},
		{"GET " + Path + "/invite", admin, d.inviteForm, nil},
		{"POST " + Path + "/invite", admin, d.invite, nil},
		{"POST " + Path + "/accounts/{name}/withdraw", admin, d.withdraw, nil},
		{"GET " + Path + "/accounts/{name}", admin, d.account, nil},
		{"POST " + Path + "/accounts/{name}/role", admin, d.setRole, nil},
		{"POST " + Path + "/accounts/{name}/reset", admin, d.resetLink, nil},
		{"GET " + Path + "/accounts/{name}/delete", admin, d.confirmDeleteAccount, nil},
		{"POST " + Path + "/accounts/{name}/delete", admin, d.deleteAccount, nil},
		{"POST " + Path + "/accounts/{name}/sessions/{id}/end", admin, d.endSessionOf, nil},

		{"GET " + Path + "/audit", viewer, d.audit, nil},
	}
	if d.Engine == nil {
		return all
	}
	all = append(all, d.logRoutes()...)
	if d.Engine.Apps != nil {
		all = append(all, d.appRoutes()...)
		all = append(all, d.loginRoutes()...)
	}
	return append(all, []route{
		{"GET " + Path + "/credentials", viewer, d.credentials, nil},
		{"GET " + Path + "/credentials/custom", operator, d.customForm, nil},
		{"POST " + Path + "/credentials/custom", operator, d.saveCustom, nil},
		{"GET " + Path + "/credentials/custom/test", operator, d.customTestForm, nil},
		{"POST " + Path + "/credentials/custom/test", operator, d.testCustom, nil},
		{"GET " + Path + "/credentials/custom/delete", operator, d.confirmDeleteCustom, nil},
		{"POST " + Path + "/credentials/custom/delete", operator, d.deleteCustom, nil},
		{"GET " + Path + "/credentials/sendgrid", operator, d.sendGridForm, nil},
		{"POST " + Path + "/credentials/sendgrid", operator, d.saveSendGrid, nil},
		{"GET " + Path + "/credentials/sendgrid/test", operator, d.sendGridTestForm, nil},
		{"POST " + Path + "/credentials/sendgrid/test", operator, d.testSendGrid, nil},
		{"GET " + Path + "/credentials/sendgrid/delete", operator, d.confirmDeleteSendGrid, nil},
		{"POST " + Path + "/credentials/sendgrid/delete", operator, d.deleteSendGrid, nil},

		{"GET " + Path + "/preferences", viewer, d.preferences, nil},
		{"POST " + Path + "/preferences", operator, d.savePreferences, nil},
		{"GET " + Path + "/preferences/reset", operator, d.confirmResetPreferences, nil},
		{"POST " + Path + "/preferences/reset", operator, d.resetPreferences, nil},

		{"GET " + templatesPath, viewer, d.templates, nil},
		{"POST " + templatesPath, operator, d.saveTemplates, nil},
		{"GET " + templatesPath + "/preview", viewer, d.preview, nil},

		{"GET " + Path + "/people", viewer, d.people, nil},
		{"POST " + Path + "/people", operator, d.addPerson, nil},
		{"GET " + importPath, operator, d.importForm, nil},
		{"POST " + importPath, operator, d.importPeople, nil},
		{"GET " + Path + "/people-export.csv", viewer, d.exportPeople, nil},
		{"GET " + Path + "/people/{uid}", viewer, d.person, nil},
		{"POST " + Path + "/people/{uid}", operator, d.savePerson, nil},
		{"POST " + Path + "/people/{uid}/zone", operator, d.saveZone, nil},
		{"GET " + Path + "/people/{uid}/reset", operator, d.confirmResetPerson, nil},
		{"POST " + Path + "/people/{uid}/reset", operator, d.resetPerson, nil},
		{"GET " + Path + "/people/{uid}/preferences", operator, d.personal, nil},
		{"POST " + Path + "/people/{uid}/preferences", operator, d.savePersonal, nil},
		{"POST " + Path + "/people/{uid}/mute", operator, d.mute, nil},
		{"POST " + Path + "/people/{uid}/unmute", operator, d.unmute, nil},
		{"GET " + Path + "/people/{uid}/delete", operator, d.confirmForget, nil},
		{"POST " + Path + "/people/{uid}/delete", operator, d.forget, nil},

		{"GET " + Path + "/keys", viewer, d.keys, nil},
		{"POST " + Path + "/keys", admin, d.createKey, nil},
		{"GET " + Path + "/keys/{id}/delete", admin, d.confirmDeleteKey, nil},
		{"POST " + Path + "/keys/{id}/delete", admin, d.deleteKey, nil},
	}...)
}

// logRoutes are those of the log, and of long work.
func (d *dashboard) logRoutes() []route {
	return []route{
		{"GET " + logPath, viewer, d.log, nil},
		{"GET " + logPath + "/replay", operator, d.confirmReplayAll, nil},
		{"POST " + logPath + "/replay", operator, d.replayAll, nil},
		{"GET " + logPath + "/cancel", operator, d.confirmCancelAll, nil},
		{"POST " + logPath + "/cancel", operator, d.cancelAll, nil},
		{"GET " + logPath + "/{id}", viewer, d.logEntry, nil},
		{"GET " + logPath + "/{id}/replay", operator, d.confirmReplay, nil},
		{"POST " + logPath + "/{id}/replay", operator, d.replay, nil},
		{"GET " + logPath + "/{id}/cancel", operator, d.confirmCancel, nil},
		{"POST " + logPath + "/{id}/cancel", operator, d.cancel, nil},
		{"GET " + jobsPath, viewer, d.jobs, nil},
		{"GET " + jobsPath + "/{id}", viewer, d.job, nil},
	}
}

// pages is every kind of page, and the section that it belongs to.
func pages() []struct {
	name    string
	inside  bool // with the navigation around it
	section page.Section
} {
	return []struct {
		name    string
		inside  bool
		section page.Section
	}{
		{"signin", false, page.NoSection},
		{"invitation", false, page.NoSection},
		{"overview", true, page.SectionOverview},
		{"own", true, page.SectionOwn},
		{"accounts", true, page.SectionAccounts},
		{"account", true, page.SectionAccounts},
		{"invite", true, page.SectionAccounts},
		{"link", true, page.SectionAccounts},
		{"audit", true, page.SectionAudit},
		{"apps", true, page.SectionKeys},
		{"app", true, page.SectionKeys},
		{"login", true, page.SectionKeys},
		{"credentials", true, page.SectionCredentials},
		{"custom", true, page.SectionCredentials},
		{"sendgrid", true, page.SectionCredentials},
		{"test", true, page.SectionCredentials},
		{"preferences", true, page.SectionPreferences},
		{"templates", true, page.SectionTemplates},
		{"people", true, page.SectionPeople},
		{"person", true, page.SectionPeople},
		{"personal", true, page.SectionPeople},
		{"import", true, page.SectionPeople},
		{"log", true, page.SectionLog},
		{"entry", true, page.SectionLog},
		{"nothing", true, page.SectionLog},
		{"jobs", true, page.NoSection},
		{"job", true, page.NoSection},
		{"keys", true, page.SectionKeys},
		{"key", true, page.SectionKeys},
		{"confirm", true, page.NoSection},
	}
}
