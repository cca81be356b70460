package datavolume

import "testing"

// The end of the name is what says which PostgreSQL can read it.
func TestName_EndsInTheMajorWhateverTheGeneration(t *testing.T) {
	for want, of := range map[string][2]int{"postgres-17": {1, 17}, "postgres-18": {1, 18}, "postgres-2-18": {2, 18}, "postgres-18-18": {18, 18}} {
		if got := Name(of[0], of[1]); got != want {
			t.Errorf("generation %d of %d is %s, want %s", of[0], of[1], got, want)
		}
		generation, major, ok := Of("dev", "prefect-dev-"+want)
		if !ok || generation != of[0] || major != of[1] {
			t.Errorf("%s is read as generation %d of %d (%v)", want, generation, major, ok)
		}
	}
}

func TestOf_KnowsNoOtherVolume(t *testing.T) {
	for _, other := range []string{"prefect-dev-redis-8", "prefect-dev-postgres-socket", "prefect-dev2-postgres-18", "prefect-dev-postgres-18-2-1", "prefect-dev-", ""} {
		if _, _, ok := Of("dev", other); ok {
			t.Errorf("%q is taken for a database", other)
		}
	}
}

// Before 18, volume and data are one folder.
func TestMount_IsWhereTheImageKeepsData(t *testing.T) {
	for major, want := range map[int]string{17: "/var/lib/postgresql/data .", 18: "/var/lib/postgresql 18/docker"} {
		if got := Mount(major) + " " + Folder(major); got != want {
			t.Errorf("%d: %s, want %s", major, got, want)
		}
	}
}
