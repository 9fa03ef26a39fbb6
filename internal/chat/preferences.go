package chat

import "time"

// Preferences are what one person has set. What is nil was not set: then the
// app's setting counts.
type Preferences struct {
	Group      map[string]int `json:"group,omitempty"`    // by the name of the event
	OneOnOne   map[string]int `json:"oneOnOne,omitempty"` // by the name of the event
	DND        *int           `json:"dnd,omitempty"`
	Schedule   *Week          `json:"schedule,omitempty"`
	UsePrivacy *bool          `json:"usePrivacyTemplate,omitempty"`
	Email      *EmailChoices  `json:"email,omitempty"` // an extension of ours (C8)
}

// EmailChoices are a person's own delivery settings.
type EmailChoices struct {
	NotifyForUnreadOnly      *bool `json:"notifyForUnreadOnly,omitempty"`
	IntervalInSeconds        *int  `json:"intervalInSeconds,omitempty"`
	MaxPerDay                *int  `json:"maxPerDay,omitempty"`
	MaxPerDayPerConversation *int  `json:"maxPerDayPerConversation,omitempty"`
}

// Mute silences one conversation of a person for some time (F067).
type Mute struct {
	Type  ReceiverType
	ID    string // of the other person, or of the group
	Until time.Time
}

// Effective is what counts for one person: their own choice where the app
// allows one, else the app's (F062). If the app stops allowing it, its own
// setting counts at once.
type Effective struct {
	Group    EventSettings
	OneOnOne EventSettings
	DND      bool
	Schedule *Week
	Privacy  bool // the templates that tell nothing
	Email    DeliverySettings
	// MutedGroups and MutedOneOnOnes: the person's mutes count.
	MutedGroups    bool
	MutedOneOnOnes bool
}

// Merge returns what counts for somebody with these preferences, who may be
// nil.
func (s *Settings) Merge(p *Preferences) Effective {
	if p == nil {
		p = &Preferences{}
	}
	app := &s.Preferences
	e := Effective{
		Group:          mergeEvents(app.Group, p.Group),
		OneOnOne:       mergeEvents(app.OneOnOne, p.OneOnOne),
		DND:            app.Mute.DND == DNDOn,
		Schedule:       &app.Mute.Schedule,
		Privacy:        s.Templates.UsePrivacy == TemplatesPrivacy,
		Email:          app.Email.DeliverySettings,
		MutedGroups:    app.Mute.MutedGroupsOverride,
		MutedOneOnOnes: app.Mute.MutedOneOnOneAllowed,
	}
	if app.Mute.DNDOverride && p.DND != nil {
		e.DND = *p.DND == DNDOn
	}
	if app.Mute.ScheduleOverride && p.Schedule != nil {
		e.Schedule = p.Schedule
	}
	if s.Templates.UsePrivacy == TemplatesChoice && p.UsePrivacy != nil {
		e.Privacy = *p.UsePrivacy
	}
	if app.Email.Override && p.Email != nil {
		p.Email.apply(&e.Email)
	}
	return e
}

func mergeEvents(app EventSettings, own map[string]int) EventSettings {
	if len(own) == 0 {
		return app
	}
	merged := make(EventSettings, len(app))
	for name, setting := range app {
		if value, ok := own[name]; ok && setting.Override {
			setting.Value = value
		}
		merged[name] = setting
	}
	return merged
}

func (c *EmailChoices) apply(d *DeliverySettings) {
	set(&d.NotifyForUnreadOnly, c.NotifyForUnreadOnly)
	set(&d.IntervalInSeconds, c.IntervalInSeconds)
	set(&d.MaxPerDay, c.MaxPerDay)
	set(&d.MaxPerDayPerConversation, c.MaxPerDayPerConversation)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Events returns the event preferences of a kind of conversation.
func (e *Effective) Events(kind ReceiverType) EventSettings {
	if kind == ReceiverGroup {
		return e.Group
	}
	return e.OneOnOne
}

// Mutes reports whether the person's mutes of a kind of conversation count.
func (e *Effective) Mutes(kind ReceiverType) bool {
	if kind == ReceiverGroup {
		return e.MutedGroups
	}
	return e.MutedOneOnOnes
}
