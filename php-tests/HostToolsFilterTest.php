<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * The filter `wp_codebox_host_tools`: tools for whatever recipe a WordPress runs.
 */
final class HostToolsFilterTest extends ProcessTestCase {

	public function test_a_recipe_calls_a_tool_that_a_plugin_has_registered(): void {
		$recipe = Site::scratch( 'host-tool-recipe.json' );
		$plugin = Site::scratch( 'host-tool-plugin.php' );
		file_put_contents( $recipe, '{"schema":"wp-codebox/workspace-recipe/v1","workflow":{"steps":[{"command":"host/site.name","args":["suffix=!"]}]}}' );
		file_put_contents(
			$plugin,
			'<?php
			WP_CLI::add_wp_hook( "wp_codebox_host_tools", function ( $tools, $input ) {
				$tools[] = array(
					"name"         => "host/site.name",
					"input_schema" => array( "properties" => array( "suffix" => array( "type" => "string" ) ), "required" => array( "suffix" ) ),
					"callback"     => fn( $given ) => array( "name" => get_bloginfo( "name" ) . $given["suffix"], "asked" => basename( $input["recipe"] ) ),
				);
				return $tools;
			}, 10, 2 );'
		);
		$ended = Site::wp( "--require=$plugin", 'codebox', 'recipe', 'run', $recipe, '--format=json' );
		self::assertSame( array( 0, '' ), array( $ended->status, $ended->stderr ), $ended->stdout );
		$output = $ended->json()['executions'][0]['result']['json']['output'];
		self::assertSame( array( get_bloginfo( 'name' ) . '!', 'host-tool-recipe.json' ), array( $output['name'], $output['asked'] ) );

		// Without the plugin there is no such tool.
		$ended = Site::wp( 'codebox', 'recipe', 'validate', $recipe );
		self::assertSame( array( 1, 'unsupported-command' ), array( $ended->status, $ended->json()['issues'][0]['code'] ) );
	}

	public function test_a_filter_that_returns_nonsense_is_named(): void {
		$hook = static fn() => 'nonsense';
		add_filter( 'wp_codebox_host_tools', $hook );
		$refusal = \WP_Codebox_API::validate_recipe( array( 'recipe' => array( 'schema' => 'wp-codebox/workspace-recipe/v1', 'workflow' => array( 'steps' => array( array( 'command' => 'host/x' ) ) ) ) ) );
		remove_filter( 'wp_codebox_host_tools', $hook );
		self::assertInstanceOf( \WP_Error::class, $refusal );
		self::assertSame( 'host_tools', $refusal->get_error_data()['field'] );
	}

	public function test_json_cannot_bring_a_tool_in(): void {
		$tool    = array( 'name' => 'host/x', 'input_schema' => array() );
		$input   = array( 'recipe' => array( 'schema' => 'wp-codebox/workspace-recipe/v1', 'workflow' => array( 'steps' => array( array( 'command' => 'host/x' ) ) ) ), 'host_tools' => array( $tool ) );
		$refusal = \WP_Codebox_API::execute_ability( 'wp-codebox/validate-recipe', $input );
		self::assertInstanceOf( \WP_Error::class, $refusal );
		self::assertSame( 'host_tools', $refusal->get_error_data()['field'] );
	}
}
