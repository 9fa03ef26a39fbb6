package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/internal/provider/address"
)

// all asks for a field in every way there is.
func (f *fields) all(name string) {
	f.text(name, 5)
	f.choice(name, "a", "b")
	f.boolean(name)
	f.number(name)
	f.texts(name, 3, 5)
	f.object(name, 50)
	if items, ok := f.objects(name, 3); ok {
		for _, item := range items {
			item.text(name, 5)
		}
	}
	f.filled(name)
	f.require(name)
}

func TestFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		read func(*fields)
		want map[string][]string
	}{
		"nothing asked for":  {`{"x":1}`, func(*fields) {}, nil},
		"required":           {`{"a":null,"b":" "}`, func(f *fields) { f.require("a", "b", "c") }, map[string][]string{"a": {"The a field is required."}, "b": {"The b field is required."}, "c": {"The c field is required."}}},
		"required and wrong": {`{"a":""}`, func(f *fields) { f.require("a"); f.boolean("a") }, map[string][]string{"a": {"The a field is required."}}},
		"filled":             {`{"a":"","b":"x"}`, func(f *fields) { f.filled("a", "b", "c") }, map[string][]string{"a": {"The a field must have a value."}}},
		"present":            {`{"a":""}`, func(f *fields) { f.requirePresent("a", "b") }, map[string][]string{"b": {"The b field must be present."}}},
		"text":               {`{"a":7}`, func(f *fields) { f.text("a", 0) }, map[string][]string{"a": {"The a must be a string."}}},
		"too long":           {`{"a":"äöü","b":"äö"}`, func(f *fields) { f.text("a", 2); f.text("b", 2) }, map[string][]string{"a": {"The a may not be greater than 2 characters."}}},
		"percent sign":       {`{"a%d":7}`, func(f *fields) { f.text("a%d", 0) }, map[string][]string{"a%d": {"The a%d must be a string."}}},
		"number":             {`{"a":1.5,"b":2}`, func(f *fields) { f.number("a"); f.number("b") }, map[string][]string{"a": {"The a must be an integer."}}},
		"boolean":            {`{"a":1}`, func(f *fields) { f.boolean("a") }, map[string][]string{"a": {"The a field must be true or false."}}},
		"texts":              {`{"a":["x",1,""],"b":"x","c":["1","2"]}`, func(f *fields) { f.texts("a", 9, 9); f.texts("b", 9, 9); f.texts("c", 1, 9) }, map[string][]string{"a.1": {"The a.1 must be a string."}, "a.2": {"The a.2 field is required."}, "b": {"The b must be an array."}, "c": {"The c may not have more than 1 items."}}},
		"objects":            {`{"a":[{"b":1},null,[]]}`, func(f *fields) { items, _ := f.objects("a", 9); items[0].text("b", 0) }, map[string][]string{"a.0.b": {"The a.0.b must be a string."}, "a.1": {"The a.1 must be an object."}, "a.2": {"The a.2 must be an object."}}},
		"object":             {`{"a":[],"b":{"c":1}}`, func(f *fields) { f.object("a", 99); f.object("b", 99); f.object("b", 3) }, map[string][]string{"a": {"The a must be an object."}, "b": {"The b may not be greater than 3 bytes."}}},
	} {
		f := newFields(json.RawMessage(c.body))
		c.read(f)
		if len(c.want) == 0 {
			c.want = map[string][]string{}
		}
		if diff := cmp.Diff(c.want, f.details); diff != "" || (f.err() != nil) != (len(c.want) > 0) {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzFields(f *testing.F) {
	for _, body := range []string{`{}`, `{"a":null}`, `{"a":[{"a":"x"}]}`, `{"a":"https://x"}`, `{"a":{"a":1}}`, `{"a":["\ud800"]}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &object) != nil {
			return // the request was refused before
		}
		read := newFields(json.RawMessage(body))
		read.all("a")
		if _, err := json.Marshal(read.details); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		for field := range read.details {
			if field != "a" && !strings.HasPrefix(field, "a.") {
				t.Errorf("%q: refused %q, which nobody asked for", body, field)
			}
		}
	})
}

// Any page that is asked for has bounds that fit the list.
func TestPaging(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := paging{rapid.IntRange(1, 1<<30).Draw(t, "page"), rapid.IntRange(1, maxPerPage).Draw(t, "perPage")}
		total := rapid.IntRange(0, 5000).Draw(t, "total")
		from := min(p.offset(), total)
		count := min(p.perPage, total-from)
		m := p.meta(count, total).Pagination
		if m.TotalPages*m.PerPage < total || (m.TotalPages-1)*m.PerPage >= total && total > 0 {
			t.Errorf("%d pages of %d for %d", m.TotalPages, m.PerPage, total)
		}
		if (count == 0) != (p.page > m.TotalPages) {
			t.Errorf("page %d of %d has %d entries", p.page, m.TotalPages, count)
		}
	})
}

func TestPhones(t *testing.T) {
	t.Parallel()
	for phone, want := range map[string]bool{
		"+4915100000000": true, "+12": true, "+123456789012345": true,
		"": false, "+": false, "+1": false, "4915100000000": false, "+0151": false, "+1234567890123456": false, "+49 151": false, "+٤٩١": false,
	} {
		if address.IsPhone(phone) != want {
			t.Errorf("%q: %t, want %t", phone, !want, want)
		}
	}
}
