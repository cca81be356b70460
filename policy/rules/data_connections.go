package rules

import (
	"fmt"
	"strconv"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

const (
	poolSize     = "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE"
	poolOverflow = "PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW"

	mostPool = 10_000 // no sum of them is too large a number
)

// judgeConnections adds up what the containers of the stack may open, by the same sum as the configuration's own check.
func judgeConnections(c *Case, all []Resource) {
	var need config.Connections
	for _, r := range all {
		if r.Type != tokens.Container || neverStarts(c, r) {
			continue
		}
		kind := processOf(c, r)
		if kind != processAPI && kind != processServices {
			continue
		}
		env, _ := environmentOf(c, r)
		size, overflow := env.most(poolSize), env.most(poolOverflow)
		if size < 1 || overflow < 0 {
			c.RefuseOf(r, env.tell(poolSize)+" and "+env.tell(poolOverflow), "set both to numbers, the first from 1 and the second from 0 on (0 and -1 are no limits), as components/prefect/environment.go does")
			continue
		}
		var one config.Config
		if kind == processAPI {
			one.API = config.API{Replicas: 1, PoolSize: size, PoolOverflow: overflow}
		} else {
			one.Services = config.Services{Replicas: 1, PoolSize: size, PoolOverflow: overflow}
		}
		more := one.Connections()
		need = config.Connections{API: need.API + more.API, Services: need.Services + more.Services, Migration: more.Migration, Reserve: more.Reserve}
	}
	for _, r := range all {
		if r.Type != tokens.Database {
			continue
		}
		v := c.PropertyOf(r, tokens.InputMaxConnections)
		if has, ok := v.Number(); ok && has < float64(need.Total()) || !v.Exists() {
			c.RefuseOf(r, fmt.Sprintf("%s is %v, and %d may be open: API %d, services %d, migration %d, reserve %d", v.Path(), has, need.Total(), need.API, need.Services, need.Migration, need.Reserve),
				fmt.Sprintf("raise database.maxConnections to %d, or lower replicas or pools", need.Total()))
		}
	}
}

// most is the largest of a variable's values; -1 when it has none or one that is no number.
func (v variables) most(name string) int {
	most := -1
	for _, text := range v[name] {
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 || number > mostPool {
			return -1
		}
		most = max(most, number)
	}
	return most
}
