package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/postrider/postrider/internal/access"
	"github.com/postrider/postrider/internal/chat"
	"github.com/postrider/postrider/internal/engine/history"
	"github.com/postrider/postrider/internal/outbox"
	"github.com/postrider/postrider/internal/preview"
	"github.com/postrider/postrider/internal/provider/render"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	templatesPath = Path + "/templates"

	actionSavedTemplates access.Action = "saved the templates"
	actionSavedBrand     access.Action = "saved the brand"
)

// Brands keeps the look of an app's mails.
type Brands interface {
	// Brand returns it, and Fixed what of it the configuration decides.
	Brand(ctx context.Context, app string) (render.Brand, error)
	Fixed() render.Brand
	// Over returns a brand as mails would have it.
	Over(b render.Brand) render.Brand
	// Save keeps it, and returns what it was. A field that cannot be used is a
	// *render.BrandError.
	Save(ctx context.Context, app string, b render.Brand) (before render.Brand, err error)
}

// Previews shows mails that are not sent.
type Previews interface {
	Mail(ctx context.Context, r *preview.Request) (*preview.Mail, error)
	Placeholders(f preview.Field) ([]preview.Placeholder, error)
	Check(f preview.Field, text string) (string, error)
}

// templatesView is the page of texts and brand.
type templatesView struct {
	common
	Groups  []textGroupView
	Lists   []placeholderList
	Brand   []brandField
	Samples []preview.Sample
	Calls   []choice // of the log, newest first
	Call    string   // the one that is shown at first
	Privacy string   // who gets the private texts
}

type textGroupView struct {
	ID, Title, Hint string
	Rows            []textRow
}

type textRow struct {
	Label            string
	Default, Private textInput
}

type textInput struct {
	Name, Label, Value string
	BuiltIn            string // where the text is another
	Warning            string
	List               string // of the placeholders
}

type placeholderList struct {
	ID, For string
	All     []preview.Placeholder
}

type brandField struct {
	field
	Fixed bool // by the configuration
	Lines bool
}

func (d *dashboard) templates(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	brand, err := d.Engine.Brands.Brand(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.showTemplates(w, r, v, http.StatusOK, settings, textsOf(&settings.Templates), brand, nil)
}

func (d *dashboard) showTemplates(w http.ResponseWriter, r *http.Request, v *gate.Visitor, status int, settings *chat.Settings, texts textValues, brand render.Brand, wrong problems) {
	view := templatesView{
		common: newCommon(r, v), Samples: preview.Samples(), Call: r.FormValue("call"), Brand: brandFields(brand, d.Engine.Brands.Fixed(), wrong),
		Privacy: map[int]string{
			chat.TemplatesDefault: "Now everybody gets the default texts.", chat.TemplatesPrivacy: "Now everybody gets the private texts.",
			chat.TemplatesChoice: "The private texts are for those who have chosen them.",
		}[settings.Templates.UsePrivacy],
	}
	if len(wrong) > 0 {
		view.Alert = "Nothing was saved. Please mend what is marked."
	}
	err := d.fillTexts(&view, texts)
	if err == nil {
		err = d.fillCalls(r.Context(), &view)
	}
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.show(w, status, "templates", view)
}

// fillTexts adds the texts, each with what is likely to be wrong with it, and
// the placeholders.
func (d *dashboard) fillTexts(view *templatesView, texts textValues) error {
	builtIn := chat.DefaultTemplates()
	known := make(map[string]int) // lists of placeholders, by their content
	for _, g := range textGroups() {
		group := textGroupView{ID: g.id, Title: g.title, Hint: g.hint}
		for _, one := range g.texts {
			all, err := d.Engine.Preview.Placeholders(one.of())
			if err != nil {
				return fmt.Errorf("list placeholders: %w", err)
			}
			list := view.list(known, g.title+": "+one.label, all)
			row := textRow{Label: one.label}
			for _, private := range []bool{false, true} {
				name := one.name(private)
				input := textInput{Name: name, Label: "Default", Value: texts[name], List: list}
				if first := builtIn.Text(one.template, private, one.field); first != texts[name] {
					input.BuiltIn = first
				}
				if input.Warning, err = d.Engine.Preview.Check(one.of(), texts[name]); err != nil {
					return fmt.Errorf("check a text: %w", err)
				}
				if private {
					input.Label = "Private"
					row.Private = input
				} else {
					row.Default = input
				}
			}
			group.Rows = append(group.Rows, row)
		}
		view.Groups = append(view.Groups, group)
	}
	return nil
}

// list returns the id of a list of placeholders, which may be that of texts
// before.
func (view *templatesView) list(known map[string]int, name string, all []preview.Placeholder) string {
	if len(all) == 0 {
		return ""
	}
	key := fmt.Sprint(all)
	i, ok := known[key]
	if !ok {
		i = len(view.Lists)
		known[key] = i
		view.Lists = append(view.Lists, placeholderList{ID: fmt.Sprintf("placeholders-%d", i+1), For: name, All: all})
	}
	return view.Lists[i].ID
}

// previewCalls is how many of the last calls can be previewed.
const previewCalls = 5

func (d *dashboard) fillCalls(ctx context.Context, view *templatesView) error {
	found, err := d.Engine.Log.History(ctx, history.Filter{App: d.Engine.App, States: []outbox.State{outbox.Sent}}, previewCalls)
	if err != nil {
		return err
	}
	for i := range found {
		row := rowOfCall(&found[i])
		view.Calls = append(view.Calls, choice{found[i].ID, "To " + row.Person + " " + row.About})
	}
	return nil
}

// brandFields are those of a brand.
func brandFields(b, fixed render.Brand, wrong problems) []brandField {
	all := []brandField{
		{field: field{Name: "brand.name", Label: "Product name", Value: b.Name, Hint: "Above each mail. Empty: the sender's display name.", Optional: true}, Fixed: fixed.Name != ""},
		{field: field{Name: "brand.logo", Label: "Logo", Value: b.Logo, Placeholder: "https://www.example.com/logo.png", Hint: "In place of the name, 32 pixels high.", Optional: true}, Fixed: fixed.Logo != ""},
		{field: field{Name: "brand.color", Label: "Colour", Value: b.Color, Placeholder: render.DefaultColor, Hint: "Of the button and the card's edge. What is written on it is black or white, whichever reads better.", Optional: true}, Fixed: fixed.Color != ""},
		{field: field{Name: "brand.footer", Label: "Footer", Value: b.Footer, Hint: "Last text of every mail, such as a postal address.", Optional: true}, Fixed: fixed.Footer != "", Lines: true},
	}
	for i := range all {
		all[i].Problem = wrong[all[i].Name]
		if all[i].Fixed {
			all[i].Hint = "POSTRIDER_BRAND_" + strings.ToUpper(strings.TrimPrefix(all[i].Name, "brand.")) + " sets it."
		}
	}
	return all
}

// readBrand returns the brand of a form over the one that is.
func readBrand(b render.Brand, form map[string][]string) render.Brand {
	for name, value := range map[string]*string{"brand.name": &b.Name, "brand.logo": &b.Logo, "brand.color": &b.Color, "brand.footer": &b.Footer} {
		if given, ok := form[name]; ok && len(given) > 0 {
			*value = strings.TrimSpace(strings.ReplaceAll(given[0], "\r\n", "\n"))
		}
	}
	return b
}

func (d *dashboard) saveTemplates(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	if err := r.ParseForm(); err != nil {
		d.Layout.Problem(w, http.StatusBadRequest, "The form cannot be read")
		return
	}
	settings, err := d.Engine.Vault.Settings(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	kept, err := d.Engine.Brands.Brand(r.Context(), d.Engine.App)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	typed, brand := textsOf(&settings.Templates).read(r.PostForm), d.Engine.Brands.Over(readBrand(kept, r.PostForm))
	wrong := make(problems)
	var refused *render.BrandError
	if err := brand.Validate(); errors.As(err, &refused) {
		wrong["brand."+refused.Field] = "This " + refused.Problem + "."
		d.showTemplates(w, r, v, http.StatusUnprocessableEntity, settings, typed, brand, wrong)
		return
	}
	if err := d.keepTexts(r, v, typed); err != nil {
		d.fail(w, r, err)
		return
	}
	if brand != kept {
		before, err := d.Engine.Brands.Save(r.Context(), d.Engine.App, brand)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		d.record(r, v, actionSavedBrand, "", brandChanges(before, brand))
	}
	then(w, r, templatesPath, "saved")
}

// keepTexts keeps the texts that were typed, as a PATCH of the API does.
func (d *dashboard) keepTexts(r *http.Request, v *gate.Visitor, typed textValues) error {
	var changed []string
	err := d.Engine.Vault.ChangeSettings(r.Context(), d.Engine.App, func(current *chat.Settings) (*chat.Settings, error) {
		_, changed = typed.patch(textsOf(&current.Templates))
		return typed.over(current)
	})
	if err == nil && len(changed) > 0 {
		d.record(r, v, actionSavedTemplates, "", strings.Join(changed, ", "))
	}
	return err
}

func brandChanges(before, after render.Brand) string {
	var changed []string
	for _, field := range []struct{ name, was, is string }{
		{"name", before.Name, after.Name}, {"logo", before.Logo, after.Logo}, {"colour", before.Color, after.Color}, {"footer", before.Footer, after.Footer},
	} {
		if field.was != field.is {
			changed = append(changed, field.name+": "+quoted(field.was)+" → "+quoted(field.is))
		}
	}
	return strings.Join(changed, ", ")
}
