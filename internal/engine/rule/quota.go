package rule

import (
	"fmt"
	"strings"

	"github.com/postrider/postrider/internal/chat"
)

// askQuota: the daily maxima (F023, F024). What is over them is dropped, so
// that the next day does not begin with a flood (S11).
func askQuota(w *weighing) (verdict, why string) {
	limits := &w.Effective.Email
	detail := fmt.Sprintf("%d of %d mails today, %d of %d of this conversation",
		w.SentToday, limits.MaxPerDay, w.SentTodayHere, limits.MaxPerDayPerConversation)
	if w.SentToday >= limits.MaxPerDay || w.SentTodayHere >= limits.MaxPerDayPerConversation {
		return w.skipAll(chat.ReasonQuota, detail)
	}
	return pass(detail)
}

// askAddress: which providers can be called for the person (F006, S21, S22).
func askAddress(w *weighing) (verdict, why string) {
	var missing int
	for _, p := range w.Providers {
		if !p.NeedsAddress || w.HasAddress {
			w.out.To = append(w.out.To, p.Name)
			continue
		}
		missing++
		w.out.Skipped = append(w.out.Skipped, Skip{
			Reason: chat.ReasonMissingEmail, Detail: "no address is stored", Messages: w.left, Provider: p.Name,
		})
	}
	if len(w.out.To) == 0 {
		w.left = nil
	}
	if missing > 0 {
		return VerdictSkip, fmt.Sprintf("%d of %d providers need an address, and none is stored", missing, len(w.Providers))
	}
	return pass("to " + strings.Join(w.out.To, ", "))
}
