package mailbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	gateway "github.com/postrider/postrider/internal/provider/gateway/mailbox"
)

const (
	faultsPath = pagesPath + "/faults"
	maxForm    = 4 << 10
)

// faultsView is the page on which faults are set, and the notice on the list
// while there are some.
type faultsView struct {
	Plays  bool   // mails go to the mailbox, and nowhere else
	On     bool   // faults are being played
	Said   string // which, in words
	Fields []faultField
}

// faultField is one field of the form.
type faultField struct {
	Name, Label, Unit, Value, Help string
	Problem                        string // what is wrong with the value
}

// viewFaults is the page with the values that value gives for the fields.
func viewFaults(f gateway.Faults, value func(name string) string) faultsView {
	const share = "% of the mails"
	view := faultsView{Plays: true, On: f.On(), Said: sayFaults(f), Fields: []faultField{
		{
			Name: "temporary", Label: "Refused for now (4xx)", Unit: share,
			Help: "They are tried again by the retry schedule. Three mails in a row pause the gateway, as with any server.",
		},
		{Name: "permanent", Label: "Refused for good (5xx)", Unit: share, Help: "They have failed at once, and can be replayed."},
		{Name: "slow", Label: "Answered slowly", Unit: share, Help: "Whatever the answer is."},
		{Name: "delay", Label: "How slowly", Unit: "milliseconds", Help: "At most " + humanize.Comma(gateway.MaxDelay.Milliseconds()) + "."},
	}}
	for i := range view.Fields {
		view.Fields[i].Value = value(view.Fields[i].Name)
	}
	return view
}

// valueOf returns the value of a form's field.
func valueOf(f gateway.Faults) func(name string) string {
	return func(name string) string {
		switch name {
		case "temporary":
			return strconv.Itoa(f.Temporary)
		case "permanent":
			return strconv.Itoa(f.Permanent)
		case "slow":
			return strconv.Itoa(f.Slow)
		default:
			return strconv.FormatInt(f.Delay.Milliseconds(), 10)
		}
	}
}

// sayFaults says which faults are played: "30% are refused for now (4xx), 10%
// are answered after 1.5s".
func sayFaults(f gateway.Faults) string {
	var said []string
	say := func(percent int, what string) {
		if percent > 0 {
			said = append(said, strconv.Itoa(percent)+"% "+what)
		}
	}
	say(f.Temporary, "are refused for now (4xx)")
	say(f.Permanent, "are refused for good (5xx)")
	say(f.Slow, "are answered after "+f.Delay.String())
	return strings.Join(said, ", ")
}

// faultsOn returns the notice for the list, nil if there is nothing to tell.
func (m *mailbox) faultsOn(ctx context.Context) (*faultsView, error) {
	if !m.PlaysFaults {
		return nil, nil
	}
	f, err := m.Store.Faults(ctx)
	if err != nil || !f.On() {
		return nil, err
	}
	return &faultsView{Plays: true, On: true, Said: sayFaults(f)}, nil
}

func (m *mailbox) faults(w http.ResponseWriter, r *http.Request) {
	view := faultsView{}
	if m.PlaysFaults {
		f, err := m.Store.Faults(r.Context())
		if err != nil {
			m.problem(w, err)
			return
		}
		view = viewFaults(f, valueOf(f))
	}
	m.show(w, m.faultsPage, view)
}

func (m *mailbox) setFaults(w http.ResponseWriter, r *http.Request) {
	if !m.PlaysFaults {
		m.Layout.Problem(w, http.StatusConflict, noFaults)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		m.Layout.Problem(w, http.StatusBadRequest, "The form cannot be read")
		return
	}
	faults, err := readFaults(r.PostForm.Get)
	if err != nil {
		now, reading := m.Store.Faults(r.Context())
		if reading != nil {
			m.problem(w, reading)
			return
		}
		view := viewFaults(now, r.PostForm.Get)
		var wrong *gateway.FaultsError
		for i := range view.Fields {
			if errors.As(err, &wrong) && wrong.Field == view.Fields[i].Name {
				view.Fields[i].Problem = wrong.Reason
			}
		}
		m.showAs(w, http.StatusBadRequest, m.faultsPage, view)
		return
	}
	m.saveFaults(w, r, faults)
}

func (m *mailbox) faultsOff(w http.ResponseWriter, r *http.Request) {
	m.saveFaults(w, r, gateway.Faults{})
}

func (m *mailbox) saveFaults(w http.ResponseWriter, r *http.Request, f gateway.Faults) {
	if err := m.Store.SetFaults(r.Context(), f); err != nil {
		m.problem(w, err)
		return
	}
	m.toList(w, r)
}

// readFaults reads a form's fields; an empty one is 0.
func readFaults(field func(string) string) (f gateway.Faults, err error) {
	number := func(name string) int {
		given := strings.TrimSpace(field(name))
		if given == "" || err != nil {
			return 0
		}
		n, notNumber := strconv.Atoi(given)
		if notNumber != nil {
			err = &gateway.FaultsError{Field: name, Reason: fmt.Sprintf("%q is not a whole number", given)}
		}
		return n
	}
	f.Temporary, f.Permanent, f.Slow = number("temporary"), number("permanent"), number("slow")
	delay := number("delay")
	if err == nil && (delay < 0 || delay > int(gateway.MaxDelay.Milliseconds())) {
		delay = -1 // beyond a Duration even; Check says so
	}
	f.Delay = time.Duration(delay) * time.Millisecond
	if err == nil {
		err = f.Check()
	}
	return f, err
}
