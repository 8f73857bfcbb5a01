<?php
/**
 * Plugin Name: Edits
 * Description: An ability that changes a line in some files: what an agent does, in little.
 */

add_action(
	'wp_abilities_api_categories_init',
	static function (): void {
		wp_register_ability_category(
			'bench',
			array(
				'label'       => 'Benchmarks',
				'description' => 'Tasks whose bundles are measured.',
			)
		);
	}
);

add_action(
	'wp_abilities_api_init',
	static function (): void {
		wp_register_ability(
			'bench/edit',
			array(
				'label'               => 'Edit',
				'description'         => 'Changes a line in each of the first files of a workspace.',
				'category'            => 'bench',
				'input_schema'        => array( 'type' => 'object' ),
				'permission_callback' => '__return_true',
				'execute_callback'    => static function ( array $input ): array {
					for ( $i = 0; $i < $input['files']; $i++ ) {
						$file     = "/workspace/tree/0/file-$i.php";
						$lines    = (array) file( $file );
						$lines[9] = "\$changed = '{$input['text']}';\n";
						file_put_contents( $file, implode( '', $lines ) );
					}
					return array( 'success' => true );
				},
			)
		);
	}
);
