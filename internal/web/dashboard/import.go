package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/dustin/go-humanize"

	"github.com/postrider/postrider/internal/jobs"
	"github.com/postrider/postrider/internal/provider/address"
	"github.com/postrider/postrider/internal/web/gate"
)

const (
	importPath = Path + "/people-import"
	// maxImport bounds a file of contacts, in bytes: it is held in memory while
	// it is imported. Larger ones are for the command.
	maxImport = 32 << 20
)

// importView is the form of an import.
type importView struct {
	common
	All  bool // only if every line is good
	Most string
}

func (d *dashboard) importForm(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	d.show(w, http.StatusOK, "import", importView{common: newCommon(r, v), Most: humanize.IBytes(maxImport)})
}

func (d *dashboard) importPeople(w http.ResponseWriter, r *http.Request, v *gate.Visitor) {
	view := importView{common: newCommon(r, v), Most: humanize.IBytes(maxImport)}
	file, mode, err := uploaded(r)
	view.All = mode == "all"
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		view.Alert = "The file is too large. The command “postrider contacts import” takes any."
	case err != nil || len(file) == 0:
		view.Alert = "Choose a CSV file."
	default:
		// What the file is not at all is told at once.
		_, err := (&address.Importer{Check: true}).Import(r.Context(), bytes.NewReader(firstLine(file)))
		if err != nil {
			view.Alert = "Nothing was imported: " + err.Error() + "."
		}
	}
	if view.Alert != "" {
		d.show(w, http.StatusUnprocessableEntity, "import", view)
		return
	}
	all := view.All
	d.start(w, r, v, "Import contacts", peoplePath, actionImportedContact, func(ctx context.Context, p *jobs.Progress) error {
		return d.runImport(ctx, p, file, all)
	})
}

// uploaded reads a form with a file.
func uploaded(r *http.Request) (file []byte, mode string, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, "", err
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return file, mode, nil
		}
		if err != nil {
			return nil, "", err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, "", err
		}
		switch part.FormName() {
		case "file":
			file = content
		case "mode":
			mode = string(content)
		}
	}
}

func firstLine(file []byte) []byte {
	first, _, _ := bytes.Cut(file, []byte("\n"))
	return first
}

// runImport imports a file: its good lines or, if all have to be, nothing
// unless they are.
func (d *dashboard) runImport(ctx context.Context, p *jobs.Progress, file []byte, all bool) error {
	p.Total(max(bytes.Count(bytes.TrimSpace(file), []byte("\n")), 1))
	importer := &address.Importer{Store: d.Engine.Contacts, App: d.Engine.App}
	refuse := func(refused *address.Refusal) {
		if refused != nil {
			p.Refuse(fmt.Sprintf("line %d, %s", refused.Line, refused.Problem))
		}
	}
	if all {
		importer.Check, importer.Observe = true, func(_ int, refused *address.Refusal) { refuse(refused) }
		result, err := importer.Import(ctx, bytes.NewReader(file))
		if err != nil {
			return err
		}
		if result.RefusedTotal > 0 {
			p.Total(result.RefusedTotal + result.Imported)
			p.Note("Nothing was imported: " + count(result.RefusedTotal, "line", "lines") + " cannot be.")
			return nil
		}
		importer.Check = false
	}
	importer.Observe = func(imported int, refused *address.Refusal) {
		p.Finish(imported)
		refuse(refused)
	}
	result, err := importer.Import(ctx, bytes.NewReader(file))
	if err != nil {
		return err
	}
	p.Total(result.RefusedTotal + result.Imported)
	p.Note(count(result.Imported, "contact was", "contacts were") + " imported, " + count(result.RefusedTotal, "line was", "lines were") + " refused.")
	return nil
}

// export writes contacts as a file, as they are read.
func (d *dashboard) exportPeople(w http.ResponseWriter, r *http.Request, _ *gate.Visitor) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="contacts.csv"`)
	if err := address.Export(r.Context(), d.Engine.Contacts, d.Engine.App, w); err != nil {
		// The file has begun: that it is not whole can only be told by breaking
		// the connection.
		if r.Context().Err() == nil {
			d.Logger.Error("export contacts", "error", err)
		}
		panic(http.ErrAbortHandler)
	}
}
