package engine_test

import (
	"testing"
	"time"
)

const hour = time.Hour

// Who is told at all, and how often.
func TestPeople(t *testing.T) {
	t.Parallel()
	play(t, []scenario{
		{"who is not in a group any more is not told of it", `
			0m   #team has otto, mira, lena, kurt
			0m   otto to #team: one
			1h   mira leaves #team
			1h   kurt is banned from #team
			2h   | custom 1 lena: one
			2h   | no mail kurt: one NOT_A_MEMBER
			2h   | no mail mira: one NOT_A_MEMBER
		`, options{}},
		{"who comes back is told of what comes after that", `
			0m   #team has otto, mira
			0m   otto to #team: one
			1h   mira leaves #team
			1h1m otto to #team: two
			1h2m mira joins #team
			1h3m otto to #team: three
			2h   | wait WAITING_FOR_INTERVAL
			3h3m | custom 1 mira: three
		`, options{}},
		{"who joins is not told of what was before", `
			0m   #team has otto, lena
			0m   otto to #team: one
			1h   mira joins #team
			1h1m otto to #team: two
			2h   | custom 1 lena: one | two
			3h1m | custom 2 mira: two
		`, options{}},
		{"nobody is told of what they wrote", `
			0m   #team has otto, mira
			0m   otto to #team: one
			1h   mira to #team: two
			2h   | custom 1 mira: one
			3h   | custom 2 otto: two
			4h   otto to otto: three
		`, options{}},
		{"who is deactivated is told nothing", `
			0m   otto to mira: one
			1h   mira vanishes
			2h   | no mail mira: one USER_DEACTIVATED
		`, options{}},
		{"large groups can be spared", `
			0m   app email.maxGroupSize=2
			0m   #team has otto, mira
			0m   #crowd has otto, mira, lena
			0m   otto to #team: one
			0m   otto to #crowd: two
			2h   | custom 1 mira: one
			2h   | no mail lena: two GROUP_TOO_LARGE
			2h   | no mail mira: two GROUP_TOO_LARGE
		`, options{}},
		{"large groups can be spared of which few members are known", `
			0m   app email.maxGroupSize=30
			0m   #crowd has otto, mira, lena of 500
			0m   #team has otto, mira of 30
			0m   otto to #crowd: one
			0m   otto to #team: two
			2h   | custom 1 mira: two
			2h   | no mail lena: one GROUP_TOO_LARGE
			2h   | no mail mira: one GROUP_TOO_LARGE
		`, options{}},
		{"email can be switched off", `
			0m   otto to mira: one
			1h   app email.isEnabled=false
			2h   | no mail mira: one EMAIL_DISABLED
		`, options{}},
		{"so many a day, of all conversations", `
			0m       app email.maxPerDay=2 email.intervalInSeconds=600
			mon10:00 otto to mira: one
			mon10:10 | custom 1 mira: one
			mon11:00 lena to mira: two
			mon11:10 | custom 2 mira: two
			mon12:00 kurt to mira: three
			mon12:10 | no mail mira: three QUOTA_PREFERENCE
			mon23:49 kurt to mira: four
			mon23:59 | no mail mira: four QUOTA_PREFERENCE
			mon23:50 otto to mira: five
			tue00:00 | custom 3 mira: five
		`, options{}},
		{"so many a day, of one conversation", `
			0m       app email.intervalInSeconds=600
			mon10:00 otto to mira: one
			mon10:10 | custom 1 mira: one
			mon11:00 otto to mira: two
			mon11:10 | custom 2 mira: two
			mon12:00 otto to mira: three
			mon12:00 lena to mira: four
			mon12:10 | custom 3 mira: four
			mon12:10 | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
		{"several at one time get no more than that", `
			0m   app email.maxPerDay=1
			0m   otto to mira: one
			0m   otto to lena: two
			1s   lena to mira: three
			2h   | custom 1 lena: two
			2h   | custom 2 mira: one
			2h0m1s | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
		{"a day is that of where one is", `
			0m       app email.maxPerDay=1 email.intervalInSeconds=600
			0m       mira lives in Asia/Tokyo
			mon14:00 otto to mira: one
			mon14:10 | custom 1 mira: one
			mon14:40 lena to mira: two
			mon14:50 | no mail mira: two QUOTA_PREFERENCE
			mon14:50 kurt to mira: three
			mon15:00 | custom 2 mira: three
		`, options{}},
		{"people set quotas for themselves", `
			0m   mira sets email.maxPerDay=1
			0m   otto to mira: one
			0m   otto to lena: two
			2h   | custom 1 lena: two
			2h   | custom 2 mira: one
			3h   kurt to mira: three
			3h   kurt to lena: four
			5h   | custom 3 lena: four
			5h   | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
	})
}
