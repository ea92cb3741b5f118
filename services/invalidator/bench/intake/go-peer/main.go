// A plain Go consumer that does what Freshet's hot path must do at least: fetch, decode JSON, compare-and-unlink in
// pipelines of 1,000 script calls, commit. No rules, no floors, no dead letters: something to run beside, not to be.
//
//	go run . BROKER REDIS TOPIC COUNT PREFIX
//
// Keys are PREFIX p:ID for products and PREFIX a:ID for all else, hashes with a field `version`. Says on stdout how many events it
// has done ("done N"), and at the end what it took ("took SECONDS").
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"github.com/twmb/franz-go/pkg/kgo"
)

type event struct {
	Type, Subject, FreshetVersion string
	Data                          map[string]any
}

const script = `local v=redis.call('HGET',KEYS[1],'version')
if v and (#v<#ARGV[1] or (#v==#ARGV[1] and v<ARGV[1])) then redis.call('UNLINK',KEYS[1]) return 1 end return 0`

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func (e event) key(prefix string) string {
	if strings.HasPrefix(e.Type, "product.") {
		return prefix + "p:" + e.Subject
	}
	return prefix + "a:" + e.Subject
}

func main() {
	broker, redisAddr, topic, prefix := os.Args[1], os.Args[2], os.Args[3], os.Args[5]
	count, err := strconv.ParseInt(os.Args[4], 10, 64)
	check(err)
	store, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redisAddr}, DisableCache: true})
	check(err)
	lua := rueidis.NewLuaScript(script)
	kafka, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumerGroup(fmt.Sprint("go", time.Now().UnixNano())), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	check(err)
	ctx := context.Background()
	var done int64
	var start time.Time
	for done < count {
		fetches := kafka.PollRecords(ctx, 50000)
		if start.IsZero() {
			start = time.Now()
		}
		var wg sync.WaitGroup
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := 0; i < len(p.Records); i += 1000 {
					slice := p.Records[i:min(i+1000, len(p.Records))]
					calls := make([]rueidis.LuaExec, 0, len(slice))
					for _, r := range slice {
						var e event
						check(json.Unmarshal(r.Value, &e))
						calls = append(calls, rueidis.LuaExec{Keys: []string{e.key(prefix)}, Args: []string{e.FreshetVersion}})
					}
					for _, reply := range lua.ExecMulti(ctx, store, calls...) {
						check(reply.Error())
					}
					atomic.AddInt64(&done, int64(len(slice)))
				}
			}()
		})
		wg.Wait()
		check(kafka.CommitUncommittedOffsets(ctx))
		fmt.Println("done", done)
	}
	fmt.Printf("took %.3f\n", time.Since(start).Seconds())
}
