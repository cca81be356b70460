package images

// Before lists versions that a stack may come from. They too are provided only when somebody asks for them, which the tests of upgrades do.
var Before = []Image{
	{Name: "postgres:17.12", Dir: "postgres-17", With: "postgres/docker-entrypoint.sh", Base: "trixie"},
	{Name: "prefecthq/prefect:3.7.8-python3.13", Dir: "prefect-3.7", With: "prefect/entrypoint.sh", Base: "trixie"},
}
