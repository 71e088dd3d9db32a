import { configApp } from '@adonisjs/eslint-config'

/**
 * Which folders each folder may import from; the arrows of docs/architecture.md. Within a folder imports are relative,
 * across folders they are sub-path imports (`#domain/…`), so that the first part of a name tells.
 */
const MAY_IMPORT = {
  'app/domain': [],
  'app/event_store': ['domain'],
  'app/proofs': ['domain', 'event_store'],
  'app/maintenance': ['domain', 'event_store', 'projections', 'proofs', 'jobs', 'storage'],
  'app/handlers': ['domain', 'event_store'],
  'app/projections': ['domain', 'event_store'],
  'app/read_models': ['domain', 'projections'],
  'app/reactors': ['domain', 'event_store', 'jobs'],
  'app/jobs': ['domain', 'event_store', 'handlers', 'reactors', 'projections'],
  'app/imaging': [],
  'app/mail': [],
  'app/mcp': [],
  'app/remote': [],
  'app/storage': ['imaging', 'event_store'],
  'app/uploads': ['domain', 'event_store', 'handlers', 'read_models', 'auth', 'imaging', 'storage'],
  'app/auth': ['domain', 'handlers', 'event_store'],
  'app/http': [
    'domain',
    'handlers',
    'event_store',
    'projections',
    'read_models',
    'auth',
    'imaging',
    'storage',
    'jobs',
    'config',
    'start',
    'mcp',
    'remote',
    'uploads',
  ],
  'app/supervisor': [],
  'workers': [
    'domain',
    'event_store',
    'handlers',
    'projections',
    'reactors',
    'jobs',
    'imaging',
    'storage',
    'auth',
    'mail',
    'remote',
    'uploads',
  ],
}

const FOLDERS = [
  ...Object.keys(MAY_IMPORT).map((folder) => folder.replace('app/', '')),
  'start',
  'config',
  'commands',
  'bin',
  'database',
  'tests',
]

/** A fold or a decision must give the same for the same input, always. */
const IMPURE = [
  ["NewExpression[callee.name='Date'][arguments.length=0]", 'The clock'],
  ["MemberExpression[object.name='Date'][property.name='now']", 'The clock'],
  ["MemberExpression[object.name='Math'][property.name='random']", 'Chance'],
  ["MemberExpression[object.name='process']", 'The environment'],
].map(([selector, what]) => ({
  selector,
  message: `${what} does not reach this code: it must be in the command or the event.`,
}))

function directions([folder, allowed]) {
  const name = folder.replace('app/', '')
  const forbidden = FOLDERS.filter((other) => other !== name && !allowed.includes(other)).join('|')
  const message = `${folder} may import from ${allowed.join(', ') || 'no other folder'} only.`
  return {
    files: [`${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: `^#(${forbidden})/`, message },
            { regex: `^(\\.\\./)+(app/)?(${forbidden})/`, message },
            ...(name === 'domain'
              ? [
                  {
                    regex: '^(?!zod$|\\.)',
                    message: 'The domain imports zod and itself, nothing else.',
                  },
                ]
              : []),
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: `ImportExpression[source.value=/^#(${forbidden})\\u002F/]`, message },
        ...(name === 'domain' ? IMPURE : []),
      ],
    },
  }
}

/** The framework gives an empty body for one that is no JSON: what is read by hand has not been refused. */
const READ_BODIES = [
  "[callee.object.property.name='request']",
  "[callee.object.name='request']",
].map((of) => ({
  selector: `CallExpression${of}[callee.property.name=/^(body|all|only|except|input)$/]`,
  message: 'Controllers read bodies with jsonBody(ctx), which refuses what is no JSON.',
}))

/** The pure part of the projections: one file a read model. */
const READ_MODELS =
  'app/projections/{images,albums,accounts,deleted_accounts,exports,api_tokens,groups,strategies,site_settings,usage,shares,image_imports}.ts'

export default configApp(
  { ignores: ['data/**', 'tmp/**', 'bench/node_modules/**', 'resources/scalar/**'] },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      'no-console': 'error',
      // `(await f()).x` reads well where the rest is not needed.
      '@unicorn/no-await-expression-member': 'off',
    },
  },
  {
    files: ['commands/**', 'bin/**', 'bench/**'],
    rules: { 'no-console': 'off' },
  },
  ...Object.entries(MAY_IMPORT).map(directions),
  {
    files: ['app/http/controllers/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        ...directions(['app/http', MAY_IMPORT['app/http']]).rules['no-restricted-syntax'],
        ...READ_BODIES,
      ],
    },
  },
  {
    files: [READ_MODELS],
    rules: { 'no-restricted-syntax': ['error', ...IMPURE] },
  }
)
