// Package guard has the program itself heed the rules of the policy pack that judge single resources. Plain `pulumi up` loads no pack: Pulumi has no setting for it.
//
// It is a transform, which the engine calls for every resource of the stack before it looks at it, whoever registers it. What it refuses fails to register, in the
// preview already. Rules about the stack as a whole are the pack's alone, for nobody tells a transform when it has seen everything. Nor does it see what the
// provider adds to the inputs.
package guard

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumitokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"prefect-platform/internal/tokens"
	"prefect-platform/policy/levels"
	"prefect-platform/policy/rules"
)

// EnvPack, set to anything, says that the policy pack judges this preview: it names everything at once, where what the guard refuses does not even reach it.
// In an `up` the guard judges all the same.
const EnvPack = "PREFECT_PLATFORM_PACK"

// Install begins to judge: call it before the first resource is registered.
func Install(ctx *pulumi.Context) error {
	if ctx.RunningWithMocks() { // which call no transforms
		return nil
	}
	facts := rules.NewFacts(ctx)
	file, err := levels.Read(filepath.Join("policy", levels.Name(facts.Production)))
	if err != nil && !os.IsNotExist(err) { // a program that is deployed as a binary has no such folder, and no exceptions
		return err
	}
	g := &guard{all: rules.All(), facts: facts, levels: file, stack: ctx.Stack(), project: ctx.Project()}
	if err := g.strict(); err != nil {
		return err
	}
	if ctx.DryRun() && os.Getenv(EnvPack) != "" {
		return nil
	}
	if err := g.judge(g.itself()); err != nil {
		return err
	}
	return ctx.RegisterResourceTransform(g.transform)
}

type guard struct {
	all            []rules.Rule
	facts          rules.Facts
	levels         levels.File
	stack, project string
}

// strict refuses a file of levels that weakens a rule in production.
func (g *guard) strict() error {
	if weak := g.levels.Weakened(g.all); g.facts.Production && len(weak) > 0 {
		return fmt.Errorf("the stack says production: true, and policy/%s keeps rules from stopping it: %s; use exceptions with a reason and an end instead", levels.Name(true), strings.Join(weak, ", "))
	}
	return nil
}

// itself is the stack, which is registered before the program begins and so shown to no transform.
func (g *guard) itself() rules.Resource {
	name := g.project + "-" + g.stack
	urn := resource.NewURN(pulumitokens.QName(g.stack), pulumitokens.PackageName(g.project), "", tokens.Stack, name)
	return rules.Resource{Type: tokens.Stack, Name: name, URN: string(urn)}
}

// transform changes nothing. A transform cannot return an error, but what it returns may hold one: the SDK waits for the output and then fails to register the resource.
func (g *guard) transform(ctx context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	r, err := g.resource(ctx, args)
	if err == nil {
		err = g.judge(r)
	}
	if err == nil {
		return nil
	}
	failed := pulumi.String("").ToStringOutput().ApplyT(func(string) (string, error) { return "", err })
	return &pulumi.ResourceTransformResult{Props: pulumi.Map{"refused": failed}, Opts: args.Opts}
}

func (g *guard) judge(r rules.Resource) error {
	var refused []string
	for _, rule := range g.all {
		if !g.levels.Mandatory(rule.ID) || rule.Production && !g.facts.Production || levels.Excused(g.levels.Exceptions, g.all, rule.ID, r, g.facts.Today) {
			continue
		}
		for _, v := range rule.Judge(g.facts, r) {
			refused = append(refused, fmt.Sprintf("%s: %s", rule.ID, v))
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return fmt.Errorf("refused by the rules of this program (docs/policies.md):\n  %s", strings.Join(refused, "\n  "))
}

// resource is what the pack would be shown.
func (g *guard) resource(ctx context.Context, args *pulumi.ResourceTransformArgs) (rules.Resource, error) {
	r := rules.Resource{
		Type: args.Type, Name: args.Name,
		Protect: args.Opts.Protect, DeleteBeforeReplace: args.Opts.DeleteBeforeReplace, IgnoreChanges: args.Opts.IgnoreChanges,
	}
	var chain pulumitokens.Type
	if args.Opts.Parent != nil {
		parent, err := internals.UnsafeAwaitOutput(ctx, args.Opts.Parent.URN())
		if err != nil {
			return r, err
		}
		if urn, ok := parent.Value.(pulumi.URN); ok {
			r.Parent = string(urn)
			if resource.URN(urn).QualifiedType() != tokens.Stack {
				chain = resource.URN(urn).QualifiedType()
			}
		}
	}
	r.URN = string(resource.NewURN(pulumitokens.QName(g.stack), pulumitokens.PackageName(g.project), chain, pulumitokens.Type(args.Type), args.Name))
	properties, err := object(ctx, args.Props)
	r.Properties = properties
	return r, err
}
