package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/postrider/postrider/internal/testkit/browser"
	"github.com/postrider/postrider/internal/testkit/webhooksink"
)

// TestAPIDocument: the API says what it is, to programs and to people, without
// anybody's signing in.
func TestAPIDocument(t *testing.T) {
	t.Parallel()
	server := newSite(t, nil).serve()
	anonymous := func(path string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(within(t), http.MethodGet, server.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := server.do(r)
		if err == nil {
			err = a.want(http.StatusOK)
		}
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := anonymous("/openapi.json")
	var described struct {
		OpenAPI string `json:"openapi"`
		Info    struct{ Title, Version string }
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
	}
	if err := json.Unmarshal(a.body, &described); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(described.OpenAPI, "3.1") || described.Info.Title == "" || described.Info.Version == "" {
		t.Errorf("it is %s %+v", described.OpenAPI, described.Info)
	}
	operations := 0
	for path, methods := range described.Paths {
		for method, operation := range methods {
			operations++
			if operation.OperationID == "" {
				t.Errorf("%s %s has no name", method, path)
			}
		}
	}
	if operations < 20 || described.Paths["/v3"+customPath] == nil && described.Paths[customPath] == nil {
		t.Errorf("it describes %d operations", operations)
	}

	anonymous("/docs")
	tab := browser.Open(t)
	for _, width := range []int64{browser.Desktop, browser.Phone} {
		tab.Look(width, browser.Light)
		tab.Do(chromedp.Navigate(server.url + "/docs"))
		if text := browser.Value[string](tab, `document.body.innerText`); !strings.Contains(text, "custom") || !strings.Contains(text, "apikey") {
			t.Errorf("the page says little:\n%s", tail(text))
		}
		if problems := tab.Problems(); len(problems) > 0 {
			t.Errorf("%d pixels: the console complains: %q", width, problems)
		}
		if wide := browser.Value[bool](tab, `document.documentElement.scrollWidth > document.documentElement.clientWidth`); wide {
			t.Errorf("%d pixels: the page is wider than the window", width)
		}
	}
	server.stop()
}

// TestAPIKey: the key that is configured opens the API, on every start, and no
// other one does.
func TestAPIKey(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, settings map[string]string) {
		site := newSite(t, settings)
		const another = "00112233445566778899aabbccddeeff00112233"
		server := site.serve()
		for key, status := range map[string]int{apiKey: 200, another: 401, "": 401, adminPassword: 401} {
			if err := server.callAPI(http.MethodGet, settingsPath, "", withKey(key)).want(status); err != nil {
				t.Errorf("with %q: %v", key, err)
			}
		}
		server.stop()
		site.settings["POSTRIDER_API_KEY"] = another
		server = site.serve()
		for key, status := range map[string]int{apiKey: 401, another: 200} {
			if err := server.callAPI(http.MethodGet, settingsPath, "", withKey(key)).want(status); err != nil {
				t.Errorf("after a change, with %q: %v", key, err)
			}
		}
		server.stop()
		site.settings["POSTRIDER_API_KEY"] = another[1:]
		if r := site.run("serve"); r.code != 1 || !strings.Contains(r.errOut, "POSTRIDER_API_KEY") || strings.Contains(r.errOut, another[1:]) {
			t.Errorf("a key that is none: %+v", r)
		}
	})
}

// TestConfiguredCredentials: what is configured is good and is shown as such.
func TestConfiguredCredentials(t *testing.T) {
	t.Parallel()
	site := newSite(t, nil)
	server := site.serve()
	webhook, events, key, admin := site.credentials()
	for _, c := range []credential{webhook, events, key, admin} {
		if c.Generated {
			t.Errorf("%s was generated, though it is configured", c.Name)
		}
	}
	if events.Username != chatUser || events.Password != chatPassword || key.Password != apiKey {
		t.Errorf("credentials are %+v %+v", events, key)
	}
	server.tell(event{"trigger": "not_known"})
	server.stop()
}

// TestPrivateTargets: unless it is allowed, the API takes no provider that is
// not public and https, but for our own address.
func TestPrivateTargets(t *testing.T) {
	t.Parallel()
	sink := webhooksink.New(t, webhooksink.Config{})
	guarded := newSite(t, nil).serve()
	allowed := newSite(t, map[string]string{"POSTRIDER_ALLOW_PRIVATE_TARGETS": "true"}).serve()
	for _, url := range []string{
		sink.URL("/hook"), "http://hooks.example.com/", "https://127.0.0.1/", "https://localhost/", "https://10.0.0.7/", "https://[::1]/",
		"https://169.254.169.254/latest/meta-data", guarded.public + "/webhooks", guarded.public + "/v3/users",
	} {
		a := guarded.callAPI(http.MethodPost, customPath, customProvider(url, providerUser, providerPassword))
		var refusal struct {
			Error struct {
				Code    string              `json:"code"`
				Details map[string][]string `json:"details"`
			} `json:"error"`
		}
		if err := json.Unmarshal(a.body, &refusal); err != nil || a.status != http.StatusBadRequest || len(refusal.Error.Details["webhookURL"]) == 0 {
			t.Errorf("%s: answered %d %s, want 400 about webhookURL", url, a.status, a.body)
		}
	}
	if a := guarded.callAPI(http.MethodGet, customPath, ""); a.status == http.StatusOK {
		t.Errorf("what was refused is there: %s", a.body)
	}
	for _, url := range []string{guarded.public + "/webhook/app123", guarded.public + "/webhook"} {
		method := http.MethodPost
		if strings.HasSuffix(url, "/webhook") {
			method = http.MethodPut
		}
		a := guarded.callAPI(method, customPath, customProvider(url, hookUser, hookPassword))
		if err := a.want(http.StatusOK); err != nil {
			t.Errorf("our own address %s: %v", url, err)
		}
		if strings.Contains(string(a.body), hookPassword) || strings.Contains(string(a.body), providerSecret) {
			t.Errorf("the answer has a secret: %s", a.body)
		}
	}
	if err := allowed.callAPI(http.MethodPost, customPath, customProvider(sink.URL("/hook"), providerUser, providerPassword)).want(http.StatusOK); err != nil {
		t.Errorf("where it is allowed: %v", err)
	}
	guarded.stop()
	allowed.stop()
}

// TestPrivateTargetsNoMore: a provider that was taken while private targets were
// allowed is not called once they are not.
func TestPrivateTargetsNoMore(t *testing.T) {
	t.Parallel()
	site, sink := newTalk(t, nil)
	delete(site.settings, "POSTRIDER_ALLOW_PRIVATE_TARGETS")
	site.settings["POSTRIDER_PROVIDER_RETRY_SCHEDULE"] = "1s"
	server := site.serve()
	server.tell(said("susan", "andrew", "1", ""))
	eventually(t, func() error { return different(1, len(site.deliveries("--state", "failed"))) })
	if n := sink.Counts(); n.Connections > 1 || n.Requests > 0 {
		t.Errorf("the private target saw %+v", n)
	}
	server.stop()
}
