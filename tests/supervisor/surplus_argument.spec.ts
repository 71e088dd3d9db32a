import { test } from '@japa/runner'
import { runCommand } from '#tests/helpers/ace'

const NOWHERE = 'postgres://nobody@127.0.0.1:1/none'

test.group('An argument that a command does not take', () => {
  test('{args.0} names it in a sentence, and does nothing')
    .with([
      { args: ['events:export', 'log.ndjson'], surplus: 'log.ndjson' },
      { args: ['events:show', '7', '8'], surplus: '8' },
      { args: ['maintenance:doctor', '--json', 'all'], surplus: 'all' },
    ])
    .run(async ({ assert }, { args, surplus }) => {
      const { code, stdout, stderr } = await runCommand(NOWHERE, args)
      assert.equal(code, 1)
      assert.equal(
        `${stdout}${stderr}`.trim(),
        `[ error ] ${args[0]} takes no argument "${surplus}": ${args[0]} --help tells what it takes`
      )
    })

  test('is none where a command takes any number', async ({ assert }) => {
    const { stdout, stderr } = await runCommand(NOWHERE, ['projections:verify', 'images', 'albums'])
    assert.include(`${stdout}${stderr}`, 'PostgreSQL cannot be reached')
  })
})
