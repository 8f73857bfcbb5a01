<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * Recipes are looked at: by WP-CLI, by PHP, by the abilities.
 */
final class RecipeTest extends SiteTestCase {

	private const EXAMPLES = __DIR__ . '/../examples/recipes';

	public function test_a_recipe_that_is_right_validates_and_the_exit_status_says_so(): void {
		$ended = Site::wp( 'codebox', 'recipe', 'validate', self::EXAMPLES . '/heavyweight-plugin.json', '--format=json' );
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ) );
		$answer = $ended->json();
		self::assertSame( 'wp-codebox/recipe-validation/v1', $answer['schema'] );
		self::assertSame( array( true, true, array() ), array( $answer['success'], $answer['valid'], $answer['issues'] ) );
		self::assertSame( array( 1, 1 ), array( $answer['summary']['steps'], $answer['summary']['extraPlugins'] ) );
		self::assertSame( realpath( self::EXAMPLES . '/heavyweight-plugin.json' ), $answer['recipePath'] );
	}

	public function test_a_path_is_relative_to_where_the_command_is_started(): void {
		$shell = sprintf( 'cd %s && exec "$@"', escapeshellarg( self::EXAMPLES ) );
		$ended = Process::run( array( 'sh', '-c', $shell, 'sh', ...Site::wp_command(), 'codebox', 'recipe', 'validate', 'simple-plugin.json' ) );
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ), $ended->stdout );
	}

	public function test_everything_that_is_wrong_is_on_stdout_and_the_first_of_it_on_stderr(): void {
		$recipe = $this->recipe(
			array(
				'inputs'   => array( 'extra_plugins' => array( array( 'source' => 'nowhere' ) ) ),
				'workflow' => array( 'steps' => array( array( 'command' => 'wordpress.nothing' ) ) ),
			)
		);
		foreach ( array( 'validate', 'plan' ) as $command ) {
			$ended = Site::wp( 'codebox', 'recipe', $command, $recipe );
			self::assertSame( 1, $ended->status );
			$answer = $ended->json();
			self::assertFalse( $answer['success'] );
			self::assertSame( array( 'missing-path', 'unsupported-command' ), array_column( $answer['issues'], 'code' ) );
			self::assertSame( '$.workflow.steps[0].command', $answer['issues'][1]['path'] );
			self::assertArrayNotHasKey( 'plan', $answer );
			self::assertMatchesRegularExpression( '/\AError: \$\.inputs\.extra_plugins\[0\]\.source: missing-path[^\n]*\(wp_codebox_recipe_invalid\)\n\z/', $ended->stderr );
		}
	}

	public function test_what_is_not_supported_is_refused_by_name(): void {
		$answer = \WP_Codebox_API::validate_recipe(
			array(
				'recipe' => array(
					'schema'   => 'wp-codebox/workspace-recipe/v1',
					'inputs'   => array( 'services' => array() ),
					'workflow' => array( 'steps' => array( array( 'command' => 'inspect-mounted-inputs' ) ) ),
				),
			)
		);
		self::assertSame( array( 'invalid-recipe' ), array_column( $answer['issues'], 'code' ) );
		self::assertStringContainsString( 'inputs.services: not supported', $answer['issues'][0]['message'] );
	}

	public function test_a_file_that_cannot_be_read_is_refused_and_one_that_is_no_recipe_is_an_issue(): void {
		Site::wp( 'codebox', 'recipe', 'validate', '/no/such/recipe.json' )->assert_refused( 'wp_codebox_input_invalid', 'recipe' );
		Site::wp( 'codebox', 'recipe', 'validate' )->assert_refused( 'wp_codebox_input_invalid', 'recipe' );
		$file = Site::scratch( 'no-recipe.json' );
		file_put_contents( $file, '{"schema":' );
		$ended = Site::wp( 'codebox', 'recipe', 'validate', $file );
		self::assertSame( array( 1, 'invalid-recipe' ), array( $ended->status, $ended->json()['issues'][0]['code'] ) );
	}

	public function test_a_plan_says_what_would_be_done_and_nothing_is_done(): void {
		$before = Site::bundles();
		$ended  = Site::wp( 'codebox', 'recipe', 'plan', self::EXAMPLES . '/seeded-content.json', '--format=json' );
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ) );
		$answer = $ended->json();
		self::assertSame( 'wp-codebox/recipe-run-dry-run/v1', $answer['schema'] );
		$plan = $answer['plan'];
		self::assertSame( array( 'wordpress.ensure-plugin-active', 'wordpress.rest-request', 'wordpress.run-php' ), $plan['policy']['commands'] );
		self::assertSame( 'deny', $plan['policy']['network'] );
		self::assertSame( array( 'site' ), array_column( $plan['siteSeeds'], 'name' ) );
		self::assertSame( realpath( self::EXAMPLES . '/plugins/page-builder' ), $plan['extra_plugins'][0]['source'] );
		self::assertSame( $before, Site::bundles() );
	}

	public function test_a_policy_is_held_against_the_recipe_as_a_file_and_as_an_object(): void {
		$policy = array(
			'network'    => 'deny',
			'filesystem' => 'readwrite-mounts',
			'commands'   => array( 'wordpress.run-php' ),
			'secrets'    => 'none',
			'approvals'  => 'never',
		);
		$file   = Site::scratch( 'policy.json' );
		file_put_contents( $file, json_encode( $policy ) );
		foreach ( array( $file, json_encode( $policy ) ) as $given ) {
			$ended = Site::wp( 'codebox', 'recipe', 'validate', self::EXAMPLES . '/wp-cli.json', "--policy=$given" );
			self::assertSame( 1, $ended->status );
			self::assertSame(
				array( 'runtime-policy-missing-command', 'runtime-policy-missing-command' ),
				array_column( $ended->json()['issues'], 'code' )
			);
		}
		$policy['commands'] = array( 'wordpress.run-php', 'wordpress.wp-cli', 'wordpress.ensure-plugin-active' );
		$ended              = Site::wp( 'codebox', 'recipe', 'validate', self::EXAMPLES . '/wp-cli.json', '--policy=' . json_encode( $policy ) );
		self::assertSame( 0, $ended->status, $ended->stdout );
	}

	public function test_the_schema_is_a_json_schema(): void {
		$answer = Site::wp( 'codebox', 'recipe', 'schema', '--format=json' )->json();
		self::assertSame( 'wp-codebox/json-schema/v1', $answer['schema'] );
		self::assertSame( 'wp-codebox/workspace-recipe/v1', $answer['id'] );
		self::assertFalse( $answer['jsonSchema']['additionalProperties'] );
		self::assertContains( 'workflow', $answer['jsonSchema']['required'] );
		self::assertSame( $answer, json_decode( (string) json_encode( \WP_Codebox_API::recipe_schema() ), true ) );
	}

	public function test_php_s_empty_arrays_are_empty_objects_where_objects_belong(): void {
		$answer = \WP_Codebox_API::plan_recipe(
			array(
				'recipe' => array(
					'schema'   => 'wp-codebox/workspace-recipe/v1',
					'runtime'  => array(),
					'inputs'   => array(
						'runtimeEnv'    => array(),
						'pluginRuntime' => array( 'php' => array(), 'wpConfigDefines' => array() ),
					),
					'workflow' => array( 'steps' => array( array( 'command' => 'inspect-mounted-inputs', 'metadata' => array() ) ) ),
					'metadata' => array(),
				),
			)
		);
		self::assertSame( array(), $answer['issues'] );
		self::assertSame( array( 'inspect-mounted-inputs' ), $answer['plan']['policy']['commands'] );
	}

	public function test_whoever_may_not_run_tasks_may_not_look_at_recipes(): void {
		$ability = wp_get_ability( 'wp-codebox/validate-recipe' );
		$input   = array( 'recipe' => array( 'schema' => 'wp-codebox/workspace-recipe/v1' ) );
		self::assertSame( 'invalid-recipe', $ability->execute( $input )['issues'][0]['code'] );
		$this->become( 'subscriber' );
		self::assertInstanceOf( \WP_Error::class, $ability->execute( $input ) );
	}

	public function test_callers_who_are_not_the_operator_name_no_file_outside_the_roots(): void {
		$outside = sys_get_temp_dir() . '/' . uniqid( 'outside-', true ) . '.json';
		file_put_contents( $outside, '{}' );
		$answer = wp_get_ability( 'wp-codebox/validate-recipe' )->execute( array( 'recipe' => $outside ) );
		unlink( $outside );
		self::assert_error( $answer, 400, 'wp_codebox_input_invalid', 'recipe' );
	}

	/**
	 * A recipe in a file.
	 *
	 * @param array<string, mixed> $recipe Without its schema.
	 */
	private function recipe( array $recipe ): string {
		$file = Site::scratch( 'recipe.json' );
		file_put_contents( $file, json_encode( array( 'schema' => 'wp-codebox/workspace-recipe/v1' ) + $recipe ) );
		return $file;
	}
}
