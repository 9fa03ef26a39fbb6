package dashboard

import "github.com/postrider/postrider/internal/access"

// Routes returns every address and the role that it takes.
func Routes() map[string]access.Role {
	all := make(map[string]access.Role)
	for _, r := range (&dashboard{Config: Config{Engine: &Engine{Apps: new(access.Apps)}}}).routes() {
		all[r.pattern] = r.role
	}
	return all
}
