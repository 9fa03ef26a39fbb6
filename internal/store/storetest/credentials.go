package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postrider/postrider/internal/access"
)

var credentialTests = []test{
	{"are kept as they were first", credentialsKept},
	{"have one first, however many race", credentialsRace},
}

func credentialsKept(t *testing.T, f *fixture) {
	if _, err := f.Credential(t.Context(), "app", "webhook"); !errors.Is(err, access.ErrNoCredential) {
		t.Fatalf("Credential: %v, want ErrNoCredential", err)
	}
	want := access.Sealed{Username: poison, Secret: []byte(poison)}
	if added, err := f.AddCredential(t.Context(), "app", "webhook", want); err != nil || !added {
		t.Fatalf("AddCredential = %t, %v; want it added", added, err)
	}
	second := access.Sealed{Username: "second", Secret: []byte("second")}
	if added, err := f.AddCredential(t.Context(), "app", "webhook", second); err != nil || added {
		t.Errorf("AddCredential again = %t, %v; want it left", added, err)
	}
	for _, other := range [][2]string{{"app", "admin"}, {"other", "webhook"}} {
		if added, err := f.AddCredential(t.Context(), other[0], other[1], second); err != nil || !added {
			t.Errorf("AddCredential of %v = %t, %v; want it added", other, added, err)
		}
	}
	got, err := f.Credential(t.Context(), "app", "webhook")
	if err != nil {
		t.Fatal(err)
	}
	want.Username = repaired
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func credentialsRace(t *testing.T, f *fixture) {
	const racers = 16
	other := f.open(t)
	added := make([]bool, racers)
	seen := make([]access.Sealed, racers)
	together(racers, func(i int) {
		s := f.Store
		if i%2 == 0 {
			s = other
		}
		var err error
		added[i], err = s.AddCredential(t.Context(), "app", "admin", access.Sealed{Username: fmt.Sprint(i), Secret: []byte{byte(i)}})
		if err != nil {
			t.Errorf("add credential: %v", err)
		}
		// Whoever lost finds the winner's at once.
		if seen[i], err = s.Credential(t.Context(), "app", "admin"); err != nil {
			t.Errorf("read credential: %v", err)
		}
	})
	winners := 0
	for i := range racers {
		if added[i] {
			winners++
			for j := range racers {
				if seen[j].Username != fmt.Sprint(i) {
					t.Errorf("racer %d sees %q, the winner is %d", j, seen[j].Username, i)
				}
			}
		}
	}
	if winners != 1 {
		t.Errorf("%d racers added the credential, want 1", winners)
	}
}
