package directory

import (
	"encoding/json"
	"testing"
)

// Whatever comes as metadata, what is kept is nothing, or an object that is
// refused no more when it comes again.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{``, `null`, `{}`, `[]`, `[1]`, `7`, `""`, `"x"`, `"{\"a\":1}"`, `"[]"`, `{"a":{"b":[null]}}`, `{"a":1`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := make(problems)
		kept := p.metadata(raw)
		if kept == nil || p.err() != nil {
			return
		}
		var object map[string]any
		if err := json.Unmarshal(kept, &object); err != nil || object == nil {
			t.Fatalf("%q is kept as %q: %v", raw, kept, err)
		}
		if again := p.metadata(kept); len(kept) <= maxMetadata && (p.err() != nil || string(again) != string(kept)) {
			t.Fatalf("%q is kept as %q, and that as %q: %v", raw, kept, again, p)
		}
	})
}
