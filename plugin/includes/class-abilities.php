<?php
/**
 * Registration of the abilities.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Registers what `WP_Codebox_API::abilities()` describes.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Abilities {

	private const CATEGORY = 'wp-codebox';

	/**
	 * Hooks the registration into the two actions outside of which WordPress refuses it.
	 *
	 * @since 0.1.0
	 */
	public function register_hooks(): void {
		add_action( 'wp_abilities_api_categories_init', array( $this, 'register_category' ) );
		add_action( 'wp_abilities_api_init', array( $this, 'register_abilities' ) );
	}

	/**
	 * Registers the category that every ability is in.
	 *
	 * @since 0.1.0
	 */
	public function register_category(): void {
		if ( wp_has_ability_category( self::CATEGORY ) ) {
			return;
		}
		wp_register_ability_category(
			self::CATEGORY,
			array(
				'label'       => __( 'WP Codebox', 'wp-codebox' ),
				'description' => __( 'Tasks in a disposable WordPress, and the artifacts that they leave.', 'wp-codebox' ),
			)
		);
	}

	/**
	 * Registers a row of the table after the other.
	 *
	 * @since 0.1.0
	 */
	public function register_abilities(): void {
		foreach ( WP_Codebox_API::abilities() as $row ) {
			if ( wp_has_ability( $row['name'] ) ) {
				continue;
			}
			wp_register_ability(
				$row['name'],
				array(
					'label'               => $row['label'],
					'description'         => $row['description'],
					'category'            => $row['category'],
					'input_schema'        => $row['input_schema'],
					'output_schema'       => $row['output_schema'],
					'meta'                => $row['meta'],
					'ability_class'       => WP_Codebox_Ability::class,
					'permission_callback' => array( WP_Codebox_Permissions::class, $row['permission'] ),
					'execute_callback'    => static fn( $input = array() ) => WP_Codebox_API::execute_ability( $row['name'], $input ),
				)
			);
		}
	}
}
