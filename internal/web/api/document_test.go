package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The document is valid OpenAPI 3.1.
func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	ok, problems := judge(t, start(t).handler).ValidateDocument()
	for _, p := range problems {
		t.Errorf("%s: %s", p.Message, p.Reason)
		for _, cause := range p.SchemaValidationErrors {
			t.Errorf("  %s %s", cause.FieldPath, cause.Reason)
		}
	}
	if !ok && len(problems) == 0 {
		t.Error("not valid")
	}
}

func TestDocs(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	start(t).handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/docs", nil))
	page := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("answered %d with %v", w.Code, w.Header())
	}
	for _, want := range []string{"/v3/notifications/v1/settings", "intervalInSeconds", "ERR_BAD_REQUEST"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := strings.Count(page, "<script"); n != strings.Count(page, `<script defer src="/assets/`) {
		t.Errorf("the page has %d scripts, and not all are files of ours", n)
	}
	for _, bad := range []string{"http://", "https://", " style="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}
