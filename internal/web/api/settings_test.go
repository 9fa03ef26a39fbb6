package api_test

import (
	"net/http"
	"testing"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	s := start(t)
	const path = "/notifications/v1/settings"
	email := func() map[string]any {
		t.Helper()
		preferences := s.call(t, http.MethodGet, path, "").data(t)["preferences"].(map[string]any)
		return preferences["email"].(map[string]any)
	}
	if got := email(); got["intervalInSeconds"] != 7200.0 || got["maxPerDay"] != 20.0 {
		t.Errorf("defaults: %v", got)
	}
	if got := s.call(t, http.MethodDelete, path, "").data(t); got["success"] != true {
		t.Errorf("reset: %v", got)
	}
}
