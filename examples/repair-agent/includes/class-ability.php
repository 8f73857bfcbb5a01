<?php
/**
 * The ability's registration.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

use WP_Error;

/**
 * Registers `repair-agent/fix-failing-tests`, checks its input and runs it.
 */
final class Ability {

	private const NAME     = 'repair-agent/fix-failing-tests';
	private const CATEGORY = 'repair-agent';

	/**
	 * Registers category and ability when WordPress asks for them.
	 */
	public static function hook(): void {
		add_action( 'wp_abilities_api_categories_init', array( self::class, 'register_category' ) );
		add_action( 'wp_abilities_api_init', array( self::class, 'register' ) );
	}

	/**
	 * Registers the category.
	 */
	public static function register_category(): void {
		wp_register_ability_category(
			self::CATEGORY,
			array(
				'label'       => __( 'Code repair', 'repair-agent' ),
				'description' => __( 'Abilities that change source code in a workspace.', 'repair-agent' ),
			)
		);
	}

	/**
	 * Registers the ability.
	 */
	public static function register(): void {
		wp_register_ability(
			self::NAME,
			array(
				'label'               => __( 'Fix failing tests', 'repair-agent' ),
				'description'         => __( 'Runs the tests of a PHP workspace, searches for small edits of the code that make the failing ones pass without breaking another, and keeps them. Finds nothing: restores every file.', 'repair-agent' ),
				'category'            => self::CATEGORY,
				'input_schema'        => array(
					'type'                 => 'object',
					'properties'           => array(
						'workspace' => array(
							'type'        => 'string',
							'description' => __( 'Absolute path of the directory to repair, beneath /workspace.', 'repair-agent' ),
							'minLength'   => 1,
						),
						'tests'     => array(
							'type'        => 'string',
							'description' => __( 'The PHP file that runs the tests, relative to the workspace.', 'repair-agent' ),
							'pattern'     => '\.php$',
							'default'     => 'tests/run.php',
						),
					),
					'required'             => array( 'workspace' ),
					'additionalProperties' => false,
				),
				'output_schema'       => self::output_schema(),
				'execute_callback'    => array( self::class, 'execute' ),
				// What it does is what the plugin editor does: it writes code that then runs.
				'permission_callback' => static fn(): bool => current_user_can( 'edit_plugins' ),
				'meta'                => array(
					'annotations' => array(
						'readonly'    => false,
						'destructive' => true,
						'idempotent'  => true,
					),
				),
			)
		);
	}

	/**
	 * Runs the ability.
	 *
	 * @param array{workspace: string, tests?: string} $input Input that fits the schema.
	 * @return array<string, mixed>|WP_Error
	 */
	public static function execute( array $input ): array|WP_Error {
		/**
		 * Filters the directory beneath which a workspace must lie.
		 *
		 * @param string $root Absolute path.
		 */
		$root      = (string) apply_filters( 'repair_agent_workspace_root', '/workspace' );
		$workspace = Workspace::open( $root, $input['workspace'], $input['tests'] ?? 'tests/run.php' );

		if ( is_wp_error( $workspace ) ) {
			return $workspace;
		}

		return ( new Repair( $workspace, new Test_Run( $workspace->tests_file() ) ) )->run();
	}

	/**
	 * The shape of a report.
	 *
	 * @return array<string, mixed>
	 */
	private static function output_schema(): array {
		$result = array(
			'type'       => 'object',
			'properties' => array(
				'status'  => array(
					'type' => 'string',
					'enum' => array( 'passed', 'failed', 'error' ),
				),
				'message' => array( 'type' => 'string' ),
				'summary' => array(
					'type'       => 'object',
					'properties' => array(
						'total'  => array( 'type' => 'integer' ),
						'passed' => array( 'type' => 'integer' ),
						'failed' => array( 'type' => 'integer' ),
					),
				),
				'tests'   => array(
					'type'  => 'array',
					'items' => array(
						'type'       => 'object',
						'properties' => array(
							'name'    => array( 'type' => 'string' ),
							'status'  => array( 'type' => 'string' ),
							'message' => array( 'type' => 'string' ),
						),
					),
				),
			),
		);

		return array(
			'type'       => 'object',
			'properties' => array(
				'success'       => array( 'type' => 'boolean' ),
				'summary'       => array( 'type' => 'string' ),
				'steps'         => array(
					'type'  => 'array',
					'items' => array(
						'type'       => 'object',
						'properties' => array(
							'title'  => array( 'type' => 'string' ),
							'detail' => array( 'type' => 'string' ),
						),
					),
				),
				'test_results'  => array(
					'type'       => 'object',
					'properties' => array(
						'before' => $result,
						'after'  => $result,
					),
				),
				'files_changed' => array(
					'type'        => 'array',
					'description' => __( 'Paths relative to the workspace.', 'repair-agent' ),
					'items'       => array( 'type' => 'string' ),
				),
			),
			'required'   => array( 'success', 'summary', 'steps', 'test_results', 'files_changed' ),
		);
	}
}
