package dashboard

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/postrider/postrider/internal/chat"
)

// reasonChoices are all reasons with what they mean, those of the documented
// logs first.
func reasonChoices() []choice {
	return []choice{
		{string(chat.ReasonMissingEmail), "No address is known"},
		{string(chat.ReasonQuota), "Enough mails for the day"},
		{string(chat.ReasonDND), "Do not disturb"},
		{string(chat.ReasonMute), "Conversation muted"},
		{string(chat.ReasonSchedule), "Outside of the schedule"},
		{string(chat.ReasonMessages), "Messages are not wanted"},
		{string(chat.ReasonReplies), "Replies are not wanted"},
		{string(chat.ReasonQuotedReplies), "Quoted replies are not wanted"},
		{string(chat.ReasonTimedOut), "No answer in time"},
		{string(chat.ReasonNotFound), "Not found"},
		{string(chat.ReasonRead), "Read in time"},
		{string(chat.ReasonDeleted), "Deleted in time"},
		{string(chat.ReasonBlocked), "Blocked"},
		{string(chat.ReasonNotMember), "No longer a member"},
		{string(chat.ReasonNoUser), "Person deactivated"},
		{string(chat.ReasonGroupSize), "Group too large"},
		{string(chat.ReasonOff), "Email is switched off"},
		{string(chat.ReasonNoProvider), "No provider is enabled"},
		{string(chat.ReasonInvalidEmail), "The address cannot be one"},
		{string(chat.ReasonExpired), "Too old"},
		{string(chat.ReasonRejected), "Refused for good"},
		{string(chat.ReasonRetriesExhausted), "Every attempt failed"},
		{string(chat.ReasonUnreadable), "Unreadable"},
	}
}

// reasonText is a reason in words.
func reasonText(reason chat.Reason) string {
	for _, one := range reasonChoices() {
		if one.Value == string(reason) {
			return one.Label
		}
	}
	return string(reason)
}

// count says how many there are of something.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%s %s", humanize.Comma(int64(n)), many)
}

// aboutLabel says in words what a mail's conversation is.
func aboutLabel(label string) string {
	if uid, ok := strings.CutPrefix(label, "user:"); ok {
		return "from " + uid
	}
	if guid, ok := strings.CutPrefix(label, "group:"); ok {
		return "in " + guid
	}
	return label
}
