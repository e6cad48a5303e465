// Correctness rules, and the floors: a file imports only from the floors below its own.
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const floors = [
    'wire',
    'tokens',
    'client',
    'model',
    'components',
    'views',
    'panel',
    'commands',
    'index'
];

function forbidAbove(floor, at) {
    const above = floors.slice(at + 1).map(name => `(^|/)${name}(/|$)`);
    return {
        files: [`src/${floor}.{ts,tsx}`, `src/${floor}/**`],
        rules: {
            'no-restricted-imports': [
                'error',
                {
                    patterns: above.map(regex => ({
                        regex: `^\\.{1,2}/.*${regex.replace('(^|/)', '(?<=/)')}`,
                        message: `${floor} may import only from the floors below it: ${floors.join(' < ')}`
                    }))
                }
            ]
        }
    };
}

export default tseslint.config(
    ...tseslint.configs.strictTypeChecked,
    {
        languageOptions: { parserOptions: { project: './tsconfig.test.json' } },
        plugins: { 'react-hooks': hooks },
        rules: {
            ...hooks.configs.recommended.rules,
            'no-console': 'error',
            'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
            '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
            '@typescript-eslint/no-confusing-void-expression': 'off',
            '@typescript-eslint/no-unnecessary-condition': 'off'
        }
    },
    ...floors.map(forbidAbove)
);
