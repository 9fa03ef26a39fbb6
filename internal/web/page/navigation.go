package page

import "html/template"

// Section is a part of the dashboard, by the path of its first page.
type Section string

// The sections. A page that belongs to none is in NoSection.
const (
	NoSection          Section = ""
	SectionOverview    Section = "/dashboard"
	SectionCredentials Section = "/dashboard/credentials"
	SectionPreferences Section = "/dashboard/preferences"
	SectionTemplates   Section = "/dashboard/templates"
	SectionPeople      Section = "/dashboard/people"
	SectionLog         Section = "/dashboard/log"
	SectionMailbox     Section = "/mailbox"
	SectionKeys        Section = "/dashboard/keys"
	SectionAccounts    Section = "/dashboard/accounts"
	SectionAudit       Section = "/dashboard/audit"
	SectionOwn         Section = "/dashboard/account"
)

// link is one line of the navigation.
type link struct {
	Path    Section
	Name    string
	Icon    string // an SVG path in a box of 20 by 20
	Current bool
}

// navigation is every page that the navigation may lead to, in groups.
func navigation() [][]link {
	return [][]link{
		{
			{Path: SectionOverview, Name: "Overview", Icon: "M3.5 10.5 10 4l6.5 6.5M5.5 9v7h9V9"},
		},
		{
			{Path: SectionCredentials, Name: "Credentials", Icon: "M7 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6M10 10h7M13.5 10v2M16.5 10v3"},
			{Path: SectionPreferences, Name: "Preferences", Icon: "M3.5 6h7M14.5 6h2M3.5 14h2M9.5 14h7M12.5 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4M7.5 12a2 2 0 1 0 0 4 2 2 0 0 0 0-4"},
			{Path: SectionTemplates, Name: "Templates", Icon: "M4 4h12v12H4zM7 8h6M7 11h6M7 13.500h3"},
			{Path: SectionPeople, Name: "People", Icon: "M4 4.5h12v11H4zM10 10a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4M7 13.5c.3-1.5 1.5-2 3-2s2.7.5 3 2"},
			{Path: SectionLog, Name: "Log", Icon: "M4 5h12M4 10h12M4 15h7"},
			{Path: SectionMailbox, Name: "Mailbox", Icon: "M3.5 5.5h13v9h-13zM3.5 6l6.5 5 6.5-5"},
		},
		{
			{Path: SectionKeys, Name: "Apps and keys", Icon: "M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM13.5 11v5M11 13.5h5"},
			{Path: SectionAccounts, Name: "Dashboard people", Icon: "M7.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M3 16c.3-3 2-4.5 4.5-4.5S11.700 13 12 16M12.5 9.5a2.200 2.200 0 1 0-1-4.200M14 12c1.800.3 2.800 1.700 3 4"},
			{Path: SectionAudit, Name: "Audit log", Icon: "M5 3.5h7l3 3v10H5zM7.5 9h5M7.5 12h5"},
			{Path: SectionOwn, Name: "Your account", Icon: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6M4.5 16.5c.5-3.5 2.5-5 5.5-5s5 1.5 5.5 5"},
		},
	}
}

// OfApp returns the layout whose shell says which app the pages act on, and leads
// to the others.
func (l *Layout) OfApp(id string) *Layout {
	one := *l
	one.app = id
	return &one
}

// Shell returns the layout of the dashboard's pages: those of one section, with
// the navigation around them. has tells which sections there are.
func (l *Layout) Shell(current Section, has func(Section) bool) *Layout {
	var groups [][]link
	for _, group := range navigation() {
		var links []link
		for _, one := range group {
			if has(one.Path) {
				one.Current = one.Path == current
				links = append(links, one)
			}
		}
		if len(links) > 0 {
			groups = append(groups, links)
		}
	}
	shell := &Layout{
		assets: l.assets, frame: "shell.html",
		template: template.Must(l.template.Clone()).Funcs(template.FuncMap{
			"navigation": func() [][]link { return groups }, "app": func() string { return l.app },
		}),
	}
	shell.problem = shell.Parse(templates, "templates/problem.html")
	return shell
}
