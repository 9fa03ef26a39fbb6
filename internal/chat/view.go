package chat

// MergedPreferences is what counts for one person, in the words of an app's
// settings: the answer to GET and PATCH of section 4.3 (F062).
type MergedPreferences struct {
	Preferences MergedChoices     `json:"preferences"`
	Sound       map[string]string `json:"sound"`
	// Templates are the app's. Their usePrivacyTemplate is 2 for somebody who
	// has chosen privacy where people may choose.
	Templates Templates `json:"templates"`
}

// MergedChoices are the preferences in [MergedPreferences].
type MergedChoices struct {
	Group    EventSettings `json:"group"`
	OneOnOne EventSettings `json:"oneOnOne"`
	Mute     MuteSettings  `json:"mute"`
	// Email is there only for somebody with delivery settings of their own that
	// count (C8).
	Email *DeliverySettings `json:"email,omitempty"`
}

// MergedView returns what counts for somebody with these preferences, who may
// be nil. It shares what it holds with the settings.
func MergedView(settings *Settings, p *Preferences) MergedPreferences {
	e := settings.Merge(p)
	view := MergedPreferences{
		Preferences: MergedChoices{Group: e.Group, OneOnOne: e.OneOnOne, Mute: settings.Preferences.Mute},
		Sound:       settings.Sound,
		Templates:   settings.Templates,
	}
	mute := &view.Preferences.Mute
	mute.Schedule = *e.Schedule
	if mute.DND = DNDOff; e.DND {
		mute.DND = DNDOn
	}
	if e.Privacy {
		view.Templates.UsePrivacy = TemplatesPrivacy
	}
	if settings.Preferences.Email.Override && p != nil && p.Email != nil {
		view.Preferences.Email = &e.Email
	}
	return view
}

// DefaultPreferences is what counts for people who have set nothing, in the
// words of the request that sets it: the answer to DELETE of section 4.3
// (F064).
type DefaultPreferences struct {
	Group      map[string]int `json:"groupPreferences"`
	OneOnOne   map[string]int `json:"oneOnOnePreferences"`
	Mute       DefaultMute    `json:"mutePreferences"`
	UsePrivacy bool           `json:"usePrivacyTemplate"`
}

// DefaultMute is what [DefaultPreferences] say of silence.
type DefaultMute struct {
	DND      int  `json:"dnd"` // DNDOff or DNDOn
	Schedule Week `json:"schedule"`
}

// DefaultsView returns what counts for people who have set nothing.
func DefaultsView(settings *Settings) DefaultPreferences {
	p := &settings.Preferences
	return DefaultPreferences{
		Group:      requestEvents("group", groupEvents(), p.Group),
		OneOnOne:   requestEvents("oneOnOne", oneOnOneEvents(), p.OneOnOne),
		Mute:       DefaultMute{p.Mute.DND, p.Mute.Schedule},
		UsePrivacy: settings.Templates.UsePrivacy == TemplatesPrivacy,
	}
}

func requestEvents(kind string, specs []eventSpec, events EventSettings) map[string]int {
	named := make(map[string]int, len(specs))
	for _, spec := range specs {
		if hasOverride(spec.name) {
			named[requestName(kind, spec.name)] = events[spec.name].Value
		}
	}
	return named
}
