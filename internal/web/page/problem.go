package page

import "net/http"

var problem = Parse(templates, "templates/problem.html")

// Problem answers with a small page that says what is wrong.
func Problem(w http.ResponseWriter, status int, message string) {
	err := problem.Write(w, status, struct {
		Status  int
		Title   string
		Message string
	}{status, http.StatusText(status), message})
	if err != nil {
		http.Error(w, message, status)
	}
}
