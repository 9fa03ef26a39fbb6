package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestSignInLink: the command makes a link beside a running server, and the link
// works once.
func TestSignInLink(t *testing.T) {
	t.Parallel()
	site := newFreshSite(t)
	if r := site.run("sign-in-link"); r.code == 0 || !strings.Contains(r.errOut, "no account yet") {
		t.Errorf("before the first start: exit code %d, %s", r.code, r.errOut)
	}
	server := site.serve()
	var link struct{ Account, URL string }
	site.ask(&link, "sign-in-link")
	_, path, found := strings.Cut(link.URL, "/dashboard/")
	if link.Account != "admin" || !found {
		t.Fatalf("%+v", link)
	}
	for _, want := range []int{http.StatusSeeOther, http.StatusNotFound} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.url+"/dashboard/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request) // follows nothing
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want || (want == http.StatusSeeOther) != (len(response.Cookies()) > 0) {
			t.Errorf("status %d, want %d; cookies %v", response.StatusCode, want, response.Cookies())
		}
	}
	if r := site.run("sign-in-link", "nobody"); r.code == 0 || !strings.Contains(r.errOut, `"nobody"`) {
		t.Errorf("for nobody: exit code %d, %s", r.code, r.errOut)
	}
	server.stop()
}
