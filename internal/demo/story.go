package demo

// act is a scene: what is said of it while it is played, and what happens, step
// by step. What is in one step reaches the server together.
type act struct {
	title string
	steps [][]action
}

// story is what happens on a Thursday. It comes out well.
func story(place away) []act {
	return []act{
		{
			"Hiking Group plans Saturday. Ines reads along, Ravi has muted it, Kenji is in " + place.city + ", and it is late there.",
			[][]action{
				{say("ridge", susan, hikers, "Saturday looks dry. Falcon Ridge, the long way round?")},
				{say("car", john, hikers, "I'm in. My car takes five, eight o'clock at the fountain.", replyTo("ridge"))},
				{
					say("pun", felix, hikers, "Falcon Ridge? I hear the views there are talon-ted."),
					read("pun", ines, susan),
				},
			},
		},
		{
			"Greta asks Andrew to feed her cat, and edits that. Felix makes puns; she has blocked him.",
			[][]action{
				{
					say("key", greta, andrew, "I'm at my sister's until Saturday. Could you feed Biscuit? The key is under the blue pot."),
					edit("key", "I'm at my sister's until Saturday. Could you feed Biscuit? Ottilie has the key."),
				},
				{
					say("portrait", greta, andrew, "Biscuit on the sofa", image("biscuit.jpg")),
					say("innocent", greta, andrew, "He looks innocent. He is not."),
					say("mountain", felix, andrew, "What do you call a pile of kittens? A meow-ntain."),
					say("blocked", felix, greta, "Greta! I have a new one about falcons."),
				},
			},
		},
		{
			"12 Linden Street misses the cat. Tomás is on Do Not Disturb, and nobody knows Ottilie's address.",
			[][]action{
				{say("gone", andrew, house, "<@all:all> Biscuit's bowl is full and Biscuit is nowhere. Has anybody seen a ginger cat with opinions?")},
				{say("balcony", ottilie, house, "He was on my balcony at seven, giving the pigeons a talking-to.", replyTo("gone"))},
				{say("ladder", felix, house, "And at half past he came down the fire escape, with a sausage.", quoting("balcony"))},
			},
		},
		{
			"Book Club takes a poll. John wants mail about groups only when he is mentioned.",
			[][]action{
				{say("vote", ines, readers, "What shall we read in May?", poll("The Snow Leopard", "Wild", "Something without mountains"))},
				{
					say("ballot", ravi, readers, "Something without mountains. Please."),
					say("second", felix, andrew, "I tried to think of a pun about Biscuit, but I drew a blanket."),
				},
			},
		},
		{
			"John writes to Susan about the puns, and deletes it in time.",
			[][]action{
				{
					say("regret", john, susan, "If he says talon-ted once more I am walking home."),
					remove("regret"),
				},
				{say("hamper", susan, john, "Did you just delete something? Anyway: bring the big hamper on Saturday.")},
			},
		},
		{
			"Greta mentions Tomás: that gets past Do Not Disturb. A third pun for Andrew is above his quota.",
			[][]action{
				{say("cellar", greta, house, "<@uid:tomas>, sorry to wake you. You have the key to the cellar, could you look there?", mentioning(tomas))},
				{say("third", felix, andrew, "Cat's away. The mice will play. That's not a pun, I'm worried too.")},
			},
		},
		{
			"In the evening John packs his car.",
			[][]action{
				{
					say("found", john, hikers, "<@uid:greta>, somebody has been asleep in the picnic hamper since last night.", mentioning(greta)),
					say("proof", john, hikers, "The hamper, inhabited", image("hamper.jpg")),
				},
				{say("purr", john, hikers, "Purring", media("audio", "purr.m4a", "audio/mp4"))},
				{
					say("cake", greta, hikers, "Biscuit! Thank you, thank you. Cake at mine on Sunday, for everybody. Yes, Felix, you too."),
					forgive(greta, felix),
				},
			},
		},
	}
}
