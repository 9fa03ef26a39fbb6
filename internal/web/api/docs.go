package api

import (
	"cmp"
	"embed"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postrider/postrider/internal/web/page"
)

//go:embed templates
var templates embed.FS

// The page of the document: chapters of operations, and what each takes and
// gives.
type (
	docsPage struct{ Chapters []docsChapter }

	docsChapter struct {
		Name       string
		Operations []docsOperation
	}

	docsOperation struct {
		ID, Method, Path, Summary, About string
		Tables                           []docsTable
		Errors                           []docsError
	}

	docsTable struct {
		Title string
		Rows  []docsRow
	}

	docsRow struct {
		Name, Type, About string
		Required          bool
	}

	docsError struct{ Status, Codes string }
)

// docs serves the document for people, without a script and without anything
// from elsewhere.
func (d *document) docs() http.Handler {
	view := d.view()
	docs := page.New().Parse(templates, "templates/docs.html")
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := docs.Write(w, http.StatusOK, view); err != nil {
			http.Error(w, "The page could not be made", http.StatusInternalServerError)
		}
	})
}

func (d *document) view() docsPage {
	var view docsPage
	for _, tag := range d.all.Tags {
		c := docsChapter{Name: tag.Name}
		for _, path := range d.all.Paths {
			for method, op := range map[string]*huma.Operation{
				http.MethodGet: path.Get, http.MethodPost: path.Post, http.MethodPut: path.Put,
				http.MethodPatch: path.Patch, http.MethodDelete: path.Delete,
			} {
				if op != nil && slices.Contains(op.Tags, tag.Name) {
					c.Operations = append(c.Operations, d.docsOperation(method, op))
				}
			}
		}
		slices.SortFunc(c.Operations, func(a, b docsOperation) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(verbOrder(a.Method), verbOrder(b.Method)))
		})
		view.Chapters = append(view.Chapters, c)
	}
	return view
}

// verbOrder puts reading first and deleting last.
func verbOrder(method string) int {
	return slices.Index([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, method)
}

func (d *document) docsOperation(method string, op *huma.Operation) docsOperation {
	view := docsOperation{ID: op.OperationID, Method: method, Path: prefix + op.Path, Summary: op.Summary, About: op.Description}
	table := func(title string, rows []docsRow) {
		if len(rows) > 0 {
			view.Tables = append(view.Tables, docsTable{title, rows})
		}
	}
	var parameters []docsRow
	for _, p := range op.Parameters {
		row := docsRow{Name: p.Name, Type: p.In + ", " + typeOf(p.Schema), About: p.Description, Required: p.Required}
		parameters = append(parameters, row)
	}
	table("Parameters", parameters)
	if op.RequestBody != nil {
		table("Body", d.rows(op.RequestBody.Content[mediaType].Schema, "", nil))
	}
	table("Answer", d.rows(op.Responses["200"].Content[mediaType].Schema, "", nil))
	for status, response := range op.Responses {
		if status != "200" {
			view.Errors = append(view.Errors, docsError{status, response.Description})
		}
	}
	slices.SortFunc(view.Errors, func(a, b docsError) int { return strings.Compare(a.Status, b.Status) })
	return view
}

// rows lists the fields of a schema with their dotted paths. Open are the
// schemas that they are in: one inside itself is named, not opened again.
func (d *document) rows(schema *huma.Schema, path string, open []*huma.Schema) []docsRow {
	schema = d.resolve(schema)
	if schema == nil || slices.Contains(open, schema) {
		return nil
	}
	open = append(open, schema)
	var rows []docsRow
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field := d.resolve(schema.Properties[name])
		about := schema.Properties[name].Description
		rows = append(rows, docsRow{path + name, typeOf(field), about, slices.Contains(schema.Required, name)})
		rows = append(rows, d.rows(field, path+name+".", open)...)
	}
	if values, ok := schema.AdditionalProperties.(*huma.Schema); ok {
		values = d.resolve(values)
		rows = append(rows, docsRow{Name: path + "…", Type: typeOf(values)})
		rows = append(rows, d.rows(values, path+"….", open)...)
	}
	return append(rows, d.rows(schema.Items, path, open)...)
}

// resolve follows a reference.
func (d *document) resolve(schema *huma.Schema) *huma.Schema {
	if schema == nil || schema.Ref == "" {
		return schema
	}
	return d.all.Components.Schemas.SchemaFromRef(schema.Ref)
}

func typeOf(schema *huma.Schema) string {
	switch {
	case schema == nil || schema.Type == "":
		return "anything"
	case len(schema.Enum) > 0:
		var values []string
		for _, value := range schema.Enum {
			if text, ok := value.(string); ok {
				values = append(values, text)
			}
		}
		return strings.Join(values, " | ")
	case schema.Nullable:
		return schema.Type + " or null"
	}
	return schema.Type
}
