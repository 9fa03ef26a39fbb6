package engine_test

import "testing"

// What people and apps do not want to be told of.
func TestSilence(t *testing.T) {
	t.Parallel()
	play(t, []scenario{
		{"do not disturb", `
			0m   mira sets dnd=2
			0m   otto to mira: one
			2h   | no mail mira: one DND_PREFERENCE
			3h   mira sets dnd=1
			4h   otto to mira: two
			6h   | custom 1 mira: two
		`, options{}},
		{"do not disturb counts when the window is due", `
			0m   otto to mira: one
			1h   mira sets dnd=2
			2h   | no mail mira: one DND_PREFERENCE
		`, options{}},
		{"do not disturb where the app allows none", `
			0m   mira sets dnd=2
			0m   app mute.dndPreferenceOverride=false
			0m   otto to mira: one
			2h   | custom 1 mira: one
		`, options{}},
		{"a mute ends", `
			0m   mira mutes otto until 5h
			1m   otto to mira: one
			1m   lena to mira: two
			2h1m | custom 1 mira: two
			2h1m | no mail mira: one MUTE_PREFERENCE
			4h   otto to mira: three
			6h   | custom 2 mira: three
		`, options{}},
		{"a group can be muted", `
			0m   #team has otto, mira, lena
			0m   mira mutes #team until 5h
			1m   otto to #team: one
			2h1m | custom 1 lena: one
			2h1m | no mail mira: one MUTE_PREFERENCE
		`, options{}},
		{"outside of the hours it waits for the next opening", `
			0m       mira wakes 900-1700
			mon06:30 otto to mira: one
			mon08:30 | wait WAITING_FOR_SCHEDULE
			mon09:00 | custom 1 mira: one
			mon14:59 otto to mira: two
			mon16:59 | custom 2 mira: two
			mon15:01 lena to mira: three
			mon17:01 | wait WAITING_FOR_SCHEDULE
			tue09:00 | custom 3 mira: three
		`, options{}},
		{"what is read while it waits for the hours is not told", `
			0m       mira wakes 900-1700
			mon16:00 otto to mira: one
			mon18:00 | wait WAITING_FOR_SCHEDULE
			mon20:00 mira reads one
			tue09:00 | no mail mira: one READ
		`, options{}},
		{"hours are those of where one is", `
			0m       mira wakes 900-1700
			0m       mira lives in Asia/Tokyo
			mon10:00 otto to mira: one
			mon12:00 | wait WAITING_FOR_SCHEDULE
			tue00:00 | custom 1 mira: one
		`, options{}},
		{"outside of the hours it is dropped, if the app wants that", `
			0m       app email.scheduleMode="drop"
			0m       mira wakes 900-1700
			mon16:00 otto to mira: one
			mon18:00 | no mail mira: one SCHEDULE_PREFERENCE
		`, options{}},
		{"hours that open too late are like none", `
			0m       mira wakes 900-1700
			mon16:00 otto to mira: one
			mon18:00 | no mail mira: one SCHEDULE_PREFERENCE
		`, options{maxAge: 12 * hour}},
		{"a mention lifts do not disturb, mute and hours", `
			0m       app bypassPreferencesForMentions=true
			0m       mira sets dnd=2
			0m       mira mutes otto until wed00:00
			0m       mira wakes 900-1700
			mon18:00 otto to mira: one
			mon19:00 otto to mira: two @mira
			mon20:00 | custom 1 mira: one | otto mentioned you: two @mira
			mon21:00 otto to mira: three
			mon23:00 | no mail mira: three DND_PREFERENCE
		`, options{}},
		{"a mention lifts the hours of a window that waits for them", `
			0m       app bypassPreferencesForMentions=true
			0m       mira wakes 900-1700
			mon18:00 otto to mira: one
			mon20:00 | wait WAITING_FOR_SCHEDULE
			mon21:00 otto to mira: two
			mon22:00 otto to mira: three @mira
			tue00:00 | custom 1 mira: one | two | otto mentioned you: three @mira
		`, options{}},
		{"so does a mention of everybody, for those who wait", `
			0m       #team has otto, mira, lena
			0m       app bypassPreferencesForAll=true
			0m       mira wakes 900-1700
			mon18:00 otto to #team: one
			mon20:00 | custom 1 lena: one
			mon20:00 | wait WAITING_FOR_SCHEDULE
			mon22:00 otto to #team: two @all
			tue00:00 | custom 2 lena: otto mentioned everyone in team: two @all
			tue00:00 | custom 3 mira: one | otto mentioned everyone in team: two @all
		`, options{}},
		{"a mention that lifts nothing leaves a window waiting", `
			0m       mira wakes 900-1700
			mon18:00 otto to mira: one
			mon20:00 | wait WAITING_FOR_SCHEDULE
			mon20:30 otto to mira: two @mira
			mon22:30 | wait WAITING_FOR_SCHEDULE
			tue09:00 | custom 1 mira: one | otto mentioned you: two @mira
		`, options{}},
		{"other hours, or another place, count at once for a window that waits", `
			0m       mira wakes 900-1700
			0m       lena wakes 900-1700
			mon18:00 otto to mira: one
			mon18:00 otto to lena: two
			mon20:00 | wait WAITING_FOR_SCHEDULE
			mon20:00 | wait WAITING_FOR_SCHEDULE
			mon21:00 mira wakes 0-2359
			mon21:05 | custom 1 mira: one
			mon22:00 lena lives in America/Los_Angeles
			mon22:05 | custom 2 lena: two
		`, options{}},
		{"a mention lifts nothing where the app does not say so, and no quota ever", `
			0m   app email.maxPerDay=1
			0m   #team has otto, mira
			0m   mira sets dnd=2
			0m   otto to #team: one @mira
			2h   | no mail mira: one DND_PREFERENCE
			3h   app bypassPreferencesForMentions=true
			3h   otto to #team: two @mira
			5h   | custom 1 mira: otto mentioned you in team: two @mira
			6h   otto to #team: three @mira
			8h   | no mail mira: three QUOTA_PREFERENCE
		`, options{}},
		{"a mention of everybody lifts too, if the app wants that", `
			0m   #team has otto, mira, lena
			0m   mira sets dnd=2
			0m   app bypassPreferencesForMentions=true
			0m   otto to #team: one @all
			2h   | custom 1 lena: otto mentioned everyone in team: one @all
			2h   | no mail mira: one DND_PREFERENCE
			3h   app bypassPreferencesForAll=true
			3h   otto to #team: two @all
			5h   | custom 2 lena: otto mentioned everyone in team: two @all
			5h   | custom 3 mira: otto mentioned everyone in team: two @all
		`, options{}},
		{"kinds of messages", `
			0m   mira sets oneOnOne.messages=1
			0m   otto to mira: one
			1m   otto to mira: two (reply)
			2m   otto to mira: three (quote)
			2h   | custom 1 mira: two (reply) | three (quote)
			2h   | no mail mira: one MESSAGES_PREFERENCE
			3h   mira sets oneOnOne.replies=1 oneOnOne.quotedReplies=1
			3h   otto to mira: four (reply)
			3h   otto to mira: five (quote)
			5h   | no mail mira: five QUOTED_REPLIES_PREFERENCE
			5h   | no mail mira: four REPLIES_PREFERENCE
		`, options{}},
		{"only what mentions somebody", `
			0m   #team has otto, mira
			0m   mira sets group.messages=3
			0m   otto to #team: one
			1m   otto to #team: two @mira
			2m   otto to #team: three @all
			2h   | custom 1 mira: otto mentioned you in team: two @mira | otto mentioned everyone in team: three @all
			2h   | no mail mira: one MESSAGES_PREFERENCE
		`, options{}},
		{"blocked people, and what they wrote while they were", `
			0m   #team has otto, mira, lena
			0m   mira blocks otto
			1m   otto to mira: one
			1m   otto to #team: two
			1m   lena to #team: three
			2h1m | custom 1 lena: two
			2h1m | custom 2 mira: three
			2h1m | custom 3 otto: three
			2h1m | no mail mira: one BLOCKED
			2h1m | no mail mira: two BLOCKED
			3h   otto to mira: four
			4h   mira unblocks otto
			4h   otto to mira: five
			5h   | wait WAITING_FOR_INTERVAL
			6h   | custom 4 mira: five
			6h   | no mail mira: four BLOCKED
		`, options{}},
		{"who is blocked does not hear of the other one either", `
			0m   otto to mira: one
			1h   otto blocks mira
			1h1m otto to mira: two
			2h   | custom 1 mira: one
			2h   | no mail mira: two BLOCKED
		`, options{}},
		{"privacy", `
			0m   mira sets usePrivacyTemplate=true
			0m   otto to mira: one
			2h   | custom 1 mira: New message
			3h   app email.isEnabled=true
			3h   otto to mira: two @mira
			5h   | custom 2 mira: New mention
		`, options{}},
	})
}
