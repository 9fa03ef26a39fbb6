package engine_test

import (
	"testing"
	"time"
)

// What becomes of calls to providers.
func TestCalling(t *testing.T) {
	t.Parallel()
	play(t, []scenario{
		{"after a fault the same notification is tried again", `
			0m     custom answers 500
			0m     otto to mira: one
			2h     | custom 1 mira: one (500)
			2h10s  | custom 1 mira: one
		`, options{}},
		{"again, and again, and then no more", `
			0m         custom is down
			0m         otto to mira: one
			2h         | custom 1 mira: one (503)
			2h0m10s    | custom 1 mira: one (503)
			2h0m40s    | custom 1 mira: one (503)
			2h2m40s    | custom 1 mira: one (503)
			2h12m40s   | custom 1 mira: one (503)
			3h12m40s   | custom 1 mira: one (503)
			9h12m40s   | custom 1 mira: one (503)
			9h12m40s   | no mail mira: one RETRIES_EXHAUSTED custom
		`, options{}},
		{"at the engine's speed", `
			0m         custom answers 500 500 500 500
			0m         otto to mira: one
			2m         | custom 1 mira: one (500)
			2m0.1667s  | custom 1 mira: one (500)
			2m0.6667s  | custom 1 mira: one (500)
			2m2.6667s  | custom 1 mira: one (500)
			2m12.6667s | custom 1 mira: one
		`, options{speed: 60, poll: time.Minute}},
		{"what is gone is not tried again", `
			0m  custom answers 410
			0m  otto to mira: one
			2h  | custom 1 mira: one (410)
			2h  | no mail mira: one NOT_FOUND custom
		`, options{}},
		{"nor what is refused", `
			0m  custom answers 400 401 307
			0m  otto to mira: one
			1m  otto to lena: two
			2m  otto to kurt: three
			2h  | custom 1 mira: one (400)
			2h  | no mail mira: one REJECTED custom
			2h1m  | custom 2 lena: two (401)
			2h1m  | no mail lena: two REJECTED custom
			2h2m  | custom 3 kurt: three (307)
			2h2m  | no mail kurt: three REJECTED custom
		`, options{}},
		{"a provider can ask for patience, but not for haste", `
			0m    custom answers 429:120 503:1
			0m    otto to mira: one
			2h    | custom 1 mira: one (429)
			2h2m  | custom 1 mira: one (503)
			2h2m30s | custom 1 mira: one
		`, options{}},
		{"a provider that says nothing has two seconds", `
			0m    custom answers hang 200/3s
			0m    otto to mira: one
			2h    | custom 1 mira: one (no answer)
			2h12s | custom 1 mira: one
			2h44s | custom 1 mira: one
		`, options{}},
		{"before it is tried again, what was read or deleted is taken out", `
			0m      custom answers 503 503 503
			0m      otto to mira: one
			1m      otto to mira: two
			2m      otto to mira: three
			2h      | custom 1 mira: one | two | three (503)
			2h0m5s  mira reads one
			2h0m10s | custom 1 mira: two | three (503)
			2h0m20s otto deletes two
			2h0m30s otto edits three: tree
			2h0m40s | custom 1 mira: tree (503)
			2h1m    mira reads three
			2h2m40s | no mail mira: one two three READ custom
		`, options{}},
		{"and what is too old", `
			0m       custom is down
			0m       otto to mira: one
			2h       | custom 1 mira: one (503)
			2h10s    | custom 1 mira: one (503)
			2h40s    | custom 1 mira: one (503)
			2h2m40s  | custom 1 mira: one (503)
			2h12m40s | custom 1 mira: one (503)
			3h12m40s | no mail mira: one EXPIRED custom
		`, options{maxAge: 3 * hour}},
		{"while a call is open, the next notification of its conversation waits", `
			0m      app email.intervalInSeconds=60
			0m      custom answers 503 503 503 200 200/1s
			0m      otto to mira: one
			1m      | custom 1 mira: one (503)
			1m5s    otto to mira: two
			1m6s    lena to mira: three
			1m10s   | custom 1 mira: one (503)
			1m40s   | custom 1 mira: one (503)
			2m5s    | wait WAITING_FOR_CALL
			2m6s    | custom 2 mira: three
			2m30s   otto to mira: four
			3m40s   | custom 1 mira: one
			3m40s   | wait WAITING_FOR_CALL
			3m42s   | custom 3 mira: two | four
		`, options{poll: 30 * time.Second}},
		{"a provider that is switched off is not called, and nothing is lost", `
			0m      custom answers 503
			0m      otto to mira: one
			2h      | custom 1 mira: one (503)
			2h0m5s  custom is off
			2h5m    custom is on
			2h5m10s | custom 1 mira: one
		`, options{}},
		{"without a provider nothing is called", `
			0m    otto to mira: one
			1h    custom is off
			2h    | no mail mira: one NO_PROVIDER
			3h    custom is gone
			3h    otto to mira: two
			5h    | no mail mira: two NO_PROVIDER
			6h    custom is on
			6h    otto to mira: three
			8h    | custom 1 mira: three
		`, options{}},
		{"quotas count what was delivered", `
			0m    app email.maxPerDay=1
			0m    custom answers 400
			0m    otto to mira: one
			2h    | custom 1 mira: one (400)
			2h    | no mail mira: one REJECTED custom
			3h    otto to mira: two
			5h    | custom 2 mira: two
			6h    otto to mira: three
			8h    | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
		{"what failed is called again under its id, and counts again", `
			0m    app email.maxPerDay=1
			0m    custom answers 400
			0m    otto to mira: one
			2h    | custom 1 mira: one (400)
			3h    replay one for mira
			3h    | custom 1 mira: one
			4h    otto to mira: two
			6h    | no mail mira: two QUOTA_PREFERENCE
		`, options{}},
		{"what was sent is called again under another id", `
			0m    otto to mira: one
			2h    | custom 1 mira: one
			3h    replay one for mira
			3h    | custom 2 mira: one
		`, options{}},
		{"what was skipped can be told after all", `
			0m    mira sets dnd=2
			0m    otto to mira: one
			1m    otto to mira: two
			3h    otto deletes one
			3h    replay two for mira
			3h    | custom 1 mira: two
		`, options{}},
		{"but not what was read meanwhile, nor what is too old", `
			0m    mira sets dnd=2
			0m    otto to mira: one
			1h    lena to mira: two
			4h    mira reads one
			4h    replay one for mira
			4h    | no mail mira: one READ
			100h  replay two for mira
			100h  | no mail mira: two EXPIRED
		`, options{}},
	})
}

// What is different where there are two providers.
func TestBothProviders(t *testing.T) {
	t.Parallel()
	play(t, []scenario{
		{"both are called, and quotas count once", `
			0m    app email.maxPerDay=2
			0m    sendgrid is on
			0m    mira has mira@example.com
			0m    otto to mira: one
			2h    | custom 1 mira: one
			2h    | sendgrid 2 mira: one
			3h    otto to mira: two
			5h    | custom 3 mira: two
			5h    | sendgrid 4 mira: two
			6h    otto to mira: three
			8h    | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
		{"what one has refused counts if the other has not", `
			0m    app email.maxPerDay=1
			0m    sendgrid is on
			0m    mira has mira@example.com
			0m    sendgrid answers 401
			0m    otto to mira: one
			2h    | custom 1 mira: one
			2h    | no mail mira: one REJECTED sendgrid
			2h    | sendgrid 2 mira: one (401)
			3h    otto to mira: two
			5h    | no mail mira: two QUOTA_PREFERENCE
		`, options{}},
		{"what both have refused does not count", `
			0m    app email.maxPerDay=1
			0m    sendgrid is on
			0m    mira has mira@example.com
			0m    sendgrid answers 401
			0m    custom answers 400
			0m    otto to mira: one
			2h    | custom 1 mira: one (400)
			2h    | no mail mira: one REJECTED custom
			2h    | no mail mira: one REJECTED sendgrid
			2h    | sendgrid 2 mira: one (401)
			3h    otto to mira: two
			5h    | custom 3 mira: two
			5h    | sendgrid 4 mira: two
		`, options{}},
		{"while one is tried again the conversation waits, and only that one is", `
			0m    sendgrid is on
			0m    mira has mira@example.com
			0m    sendgrid answers 503 503 503
			0m    otto to mira: one
			2h    | custom 1 mira: one
			2h    | sendgrid 2 mira: one (503)
			2h10s | sendgrid 2 mira: one (503)
			2h40s | sendgrid 2 mira: one (503)
			2h2m40s | sendgrid 2 mira: one
		`, options{}},
		{"SendGrid needs an address", `
			0m    sendgrid is on
			0m    otto to mira: one
			2h    | custom 1 mira: one
			2h    | no mail mira: one MISSING_EMAIL sendgrid
		`, options{}},
		{"so does a custom provider that wants the stored one", `
			0m    app email.maxPerDay=1
			0m    custom wants addresses stored
			0m    otto to mira: one
			2h    | no mail mira: one MISSING_EMAIL custom
			3h    mira has mira@example.com
			3h    otto to mira: two
			5h    | custom 1 mira: two
		`, options{}},
		{"once there is an address it can be told after all, but not before", `
			0m    custom is off
			0m    sendgrid is on
			0m    otto to mira: one
			3h    replay one for mira
			3h    | no mail mira: one MISSING_EMAIL sendgrid
		`, options{}},
		{"once there is an address it can be told after all", `
			0m    custom is off
			0m    sendgrid is on
			0m    otto to mira: one
			3h    mira has mira@example.com
			3h    replay one for mira
			3h    | sendgrid 1 mira: one
		`, options{}},
	})
}
